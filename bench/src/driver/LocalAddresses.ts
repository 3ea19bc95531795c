/**
 * LocalAddresses: where drivers connect from.
 *
 * One address has some 28,000 ports towards one server, and a system that limits
 * what comes from one address should not see one.
 */
const perDriver = 4

/** All of 127.0.0.0/8 is this machine on Linux. At most 250 of them. */
export const localAddresses = (driver: number, count = perDriver): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, it) => `127.0.${driver}.${2 + it}`)
