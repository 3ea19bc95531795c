import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import zlib from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { WebSocket } from "ws"
import * as WebSocketServer from "./WebSocketServer.ts"

/** Gives all that something is inflated with, as long as the scope is open. */
const inflates = Effect.gen(function* () {
  const used = new Set<zlib.InflateRaw>()
  const { flush } = zlib.InflateRaw.prototype
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      zlib.InflateRaw.prototype.flush = function (this: zlib.InflateRaw, ...args: unknown[]) {
        used.add(this)
        return Reflect.apply(flush, this, args)
      }
    }),
    // It is inherited.
    () => Effect.sync(() => Reflect.deleteProperty(zlib.InflateRaw.prototype, "flush"))
  )
  return used
})

const serve = Effect.fnUntraced(function* (onMessage: (data: Buffer) => void) {
  const server = yield* Effect.acquireRelease(
    Effect.sync(() => createServer().listen(0, "127.0.0.1")),
    (it) => Effect.sync(() => it.close())
  )
  yield* Effect.promise(() => once(server, "listening"))
  yield* WebSocketServer.serve(server, {
    path: "/",
    maxMessageBytes: 100_000,
    compression: true,
    decide: () => ({ accept: true, protocol: undefined, terms: undefined }),
    onOpen: () => undefined,
    onMessage: (_client, data) => onMessage(data),
    onControl: () => {},
    onDrain: () => {},
    onClose: () => {}
  })
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`
})

describe("a WebSocket that is compressed", () => {
  it.live("keeps nothing to inflate with between two messages", () =>
    Effect.gen(function* () {
      const used = yield* inflates
      const received: Array<string> = []
      let arrived = () => {}
      const url = yield* serve((data) => {
        received.push(data.toString())
        arrived()
      })
      const client = yield* Effect.acquireRelease(
        Effect.sync(() => new WebSocket(url, { perMessageDeflate: { threshold: 0 } })),
        (it) => Effect.sync(() => it.terminate())
      )
      yield* Effect.promise(() => once(client, "open"))
      for (const text of ["one", "two"]) {
        yield* Effect.promise(() => {
          client.send(text)
          return new Promise<void>((resolve) => {
            arrived = resolve
          })
        })
      }

      assert.deepStrictEqual(received, ["one", "two"])
      assert.strictEqual(used.size, 2)
      assert.isTrue([...used].every(({ destroyed }) => destroyed))
    })
  )
})
