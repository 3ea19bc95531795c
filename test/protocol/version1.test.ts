/**
 * A client of the first version is served as on its first day, for ever; one of a later version
 * gets as far as this server goes.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import protobuf from "protobufjs"
import { connectJson } from "../harness/JsonClient.ts"
import { concat, connectProto, encodeFrame, toRecord } from "../harness/ProtoClient.ts"
import { auth, tokenFor } from "../harness/Tokens.ts"
import { start, type WeirProcess } from "../harness/WeirProcess.ts"
import { replay } from "./Recording.ts"

const verbs = ["subscribe", "publish", "history", "presence", "signal"]
const token = (user: string) => tokenFor(user, { "*": verbs })

describe("a client", () => {
  let server: WeirProcess

  beforeAll(async () => {
    server = await start({
      program: "standalone",
      config: {
        auth,
        namespaces: {
          chat: { presence: true, clientPublish: true },
          small: { historySize: 3, clientPublish: true },
          state: { historySize: 1, slowConsumer: "conflate", clientPublish: true },
          news: {}
        }
      }
    })
  })
  afterAll(() => server?.stop())

  it.each(["json", "proto"] as const)("of version 1 in %s hears what it always has", (encoding) =>
    replay(server.http!, encoding, token)
  )

  it("of a later version in JSON may say more than this server knows", async () => {
    const later = { later: { much: [1] } }
    const client = await connectJson(server.http!, {
      ...later,
      token: await token("ann"),
      versions: ["9", "1"],
      subscriptions: [{ channel: "chat:later-json", ...later }]
    })

    client.sendRaw(
      JSON.stringify({
        type: "publish",
        id: 7,
        payload: { channel: "chat:later-json", data: 1, ...later },
        ...later
      })
    )
    assert.strictEqual((await client.take("published", 7)).payload.position.offset, 1)
    client.send("dance", later, 8)
    assert.strictEqual((await client.take("error", 8)).payload.code, "unknown_type")
    client.close()
  })

  it("of a later version in protobuf may say more than this server knows", async () => {
    const channel = "chat:later-proto"
    const client = await connectProto(server.http!, { token: await token("ann") })
    /** A field that no version has, behind what the frame says. */
    const later = protobuf.Writer.create()
      .uint32((1999 << 3) | 2)
      .string("later")
      .finish()
    const publish = { type: "publish", id: 7, payload: { channel, data: Buffer.from("1") } }

    client.sendRaw(toRecord(concat([encodeFrame(publish), later])) as Uint8Array<ArrayBuffer>)
    assert.strictEqual((await client.take("published", 7)).payload.position.offset, 1)
    client.sendRaw(toRecord(concat([encodeFrame({ id: 8 }), later])) as Uint8Array<ArrayBuffer>)
    assert.strictEqual((await client.take("error", 8)).payload.code, "unknown_type")
    client.close()
  })
})
