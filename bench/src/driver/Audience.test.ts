import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { type WebSocket, WebSocketServer } from "ws"
import { type AudienceOptions, openAudience } from "./Audience.ts"
import { makePayloads } from "./Payload.ts"

/** Each subscriber is given what `serve` sends it. */
const withServer = async (
  serve: (socket: WebSocket, path: string) => void,
  test: (options: Omit<AudienceOptions, "onPublication">) => Promise<void>
) => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" })
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.on("connection", (socket, request) => serve(socket, request.url!))
  const subscribing = { dialect: "plain", addresses: [`127.0.0.1:${port}`], token: "" } as const
  try {
    await test({ subscribing, subscribers: 1, channels: ["live:bench"] })
  } finally {
    server.close()
  }
}

const publications = makePayloads(0, [1, 1, 1, 1])

/** Opens them, and waits until so many publications were heard. */
const hear = async (options: Omit<AudienceOptions, "onPublication">, count: number) => {
  const audience = await openAudience({ ...options, onPublication: () => {} })
  const end = Date.now() + 5_000
  while (audience.received() < count && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  audience.close()
  return audience
}

const sends =
  (...order: ReadonlyArray<number>) =>
  (socket: WebSocket) => {
    for (const index of order) socket.send(publications[index]!)
  }

describe("an audience", () => {
  it("has missed nothing when all comes in order", () =>
    withServer(sends(0, 1, 2, 3), async (options) => {
      const audience = await hear({ ...options, subscribers: 3 }, 12)
      assert.deepStrictEqual([audience.received(), audience.lost(4)], [12, 0])
      assert.strictEqual(audience.misordered(), 0)
    }))

  it("counts what was passed over, and what is missing at the end", () =>
    withServer(sends(0, 2), async (options) => {
      const audience = await hear(options, 2)
      assert.deepStrictEqual([audience.lost(4), audience.misordered()], [2, 0])
    }))

  it("counts what comes after a later one, and what comes twice", () =>
    withServer(sends(0, 2, 1, 2, 3), async (options) => {
      const audience = await hear(options, 5)
      assert.deepStrictEqual([audience.lost(4), audience.misordered()], [1, 2])
    }))

  it("is spread over the channels", async () => {
    const paths: Array<string> = []
    await withServer(
      (socket, path) => {
        paths.push(path)
        sends(0)(socket)
      },
      async (options) =>
        void (await hear({ ...options, subscribers: 4, channels: ["a:1", "a:2"] }, 4))
    )
    assert.deepStrictEqual(paths.sort(), ["/a%3A1", "/a%3A1", "/a%3A2", "/a%3A2"])
  })

  it("tells of a connection that ends by itself", () =>
    withServer(
      (socket) => socket.close(3008, "slow_consumer"),
      async (options) => {
        const why = await new Promise<string>((resolve) => {
          void openAudience({ ...options, onPublication: () => {}, onClosed: resolve })
        })
        assert.strictEqual(why, "subscriber 0: closed with 3008 slow_consumer")
      }
    ))

  it("does not open where it is refused", () =>
    withServer(
      () => {},
      async ({ subscribing, ...options }) => {
        const weir = { ...subscribing, dialect: "weir-json" } as const
        const refused = openAudience({
          ...{ ...options, subscribing: { ...weir, addresses: ["127.0.0.1:1"] } },
          onPublication: () => {}
        })
        assert.match(await refused.then(String, String), /subscriber 0: .*ECONNREFUSED/)
      }
    ))
})
