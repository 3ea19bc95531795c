/**
 * LocalAddresses: where drivers connect from.
 *
 * One address has some 28,000 ports towards one server, and a system that limits
 * what comes from one address should not see one.
 */
const perDriver = 4

/**
 * Enough of them for many handshakes in a row: a port rests for a minute after its connection.
 * With few addresses the kernel's search for a free one took the driver seven times as long in
 * later runs as in the first: 500 handshakes a second instead of 2,500, and a server that is
 * woken for each of them alone.
 */
export const forHandshakes = 64

/** All of 127.0.0.0/8 is this machine on Linux. At most 250 of them. */
export const localAddresses = (driver: number, count = perDriver): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, it) => `127.0.${driver}.${2 + it}`)
