/**
 * FreePort: a port that nobody listens on.
 *
 * Below those that the system gives to outgoing connections: one of thousands of
 * subscribers could have it by the time that a server listens.
 */
import { createServer } from "node:net"
import { Effect } from "effect"

const lowest = 10_000
const highest = 30_000

const isFree = (port: number): Effect.Effect<boolean> =>
  Effect.callback((resume) => {
    const listener = createServer()
    listener.once("error", () => resume(Effect.succeed(false)))
    listener.listen(port, "127.0.0.1", () => listener.close(() => resume(Effect.succeed(true))))
  })

/** `count` ports in a row, the first of which is given. */
export const freePorts = Effect.fnUntraced(function* (count: number): Effect.fn.Return<number> {
  while (true) {
    const first = lowest + Math.floor(Math.random() * (highest - lowest - count))
    const ports = Array.from({ length: count }, (_, index) => first + index)
    const free = yield* Effect.all(ports.map(isFree))
    if (free.every(Boolean)) return first
  }
})

export const freePort = (): Effect.Effect<number> => freePorts(1)
