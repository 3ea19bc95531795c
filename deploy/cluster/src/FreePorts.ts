/**
 * FreePorts: are all ports free, before the first process starts?
 */
import { createServer } from "node:net"
import { Effect } from "effect"
import { StartFailed } from "./Child.ts"
import { host } from "./Plan.ts"

const isTaken = (port: number): Effect.Effect<boolean> =>
  Effect.callback((resume) => {
    const server = createServer()
    server.once("error", () => resume(Effect.succeed(true)))
    server.listen({ host, port }, () => server.close(() => resume(Effect.succeed(false))))
  })

export const requireFree = Effect.fnUntraced(function* (
  ports: ReadonlyArray<number>
): Effect.fn.Return<void, StartFailed> {
  const taken = yield* Effect.filter(ports, isTaken, { concurrency: "unbounded" })
  if (taken.length === 0) return
  const what = taken.length === 1 ? "port" : "ports"
  return yield* new StartFailed({
    message: `${what} ${taken.join(", ")} of ${host} in use: end what listens there (another cluster?), or choose others with --port-base`
  })
})
