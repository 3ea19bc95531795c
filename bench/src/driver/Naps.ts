/**
 * Naps: the driver sleeps between the turns of its event loop, and reads at once what
 * has come meanwhile.
 *
 * A reader that waits for each packet has to be woken for each, and over loopback it is the
 * sender that pays for that: 1 to 2 µs a write, a third of what a delivery costs. Clients in a
 * network are not woken by the server, and so no system's figure should depend on how busy the
 * driver happens to be.
 */
const cell = new Int32Array(new SharedArrayBuffer(4))

/** Naps until it is ended. Nothing else of the process runs in a nap. */
export const takeNaps = (millis: number): (() => void) => {
  let immediate: NodeJS.Immediate
  const nap = () => {
    Atomics.wait(cell, 0, 0, millis)
    immediate = setImmediate(nap)
  }
  immediate = setImmediate(nap)
  return () => clearImmediate(immediate)
}
