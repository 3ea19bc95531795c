/**
 * freePort: a port on loopback that is free, and that nobody else takes before it is used.
 *
 * Below those that the system gives to outgoing connections: one of them could have it by the
 * time that a server starts, or starts again. And each worker of the test runner has its own:
 * a node that a test has killed comes back at its port, which is free meanwhile.
 */
import { once } from "node:events"
import { createServer } from "node:net"

const lowest = 20_000
const each = 1_350

/** From 1; as many as `maxWorkers` in vitest.config.ts. */
const worker = (Number(process.env["VITEST_POOL_ID"] ?? 1) - 1) % 2

const isFree = async (port: number): Promise<boolean> => {
  const listener = createServer().listen(port, "127.0.0.1")
  const isOurs = await once(listener, "listening").then(
    () => true,
    () => false
  )
  if (isOurs) await once(listener.close(), "close")
  return isOurs
}

/** Given to somebody here: whoever has it may not listen yet, or not at the moment. */
const given = new Set<number>()

/** Its neighbour 10,000 above, which a Redis Cluster's bus has, is free as well. */
export const freePort = async (): Promise<number> => {
  if (given.size > each / 2) given.clear()
  while (true) {
    const port = lowest + worker * each + Math.floor(Math.random() * each)
    if (given.has(port) || !(await isFree(port)) || !(await isFree(port + 10_000))) continue
    given.add(port)
    return port
  }
}
