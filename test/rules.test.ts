/**
 * What people may by who they are: rules of the configuration, with claims of their tokens.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { connectJson } from "./harness/JsonClient.ts"
import { auth, signToken } from "./harness/Tokens.ts"
import { start, type WeirProcess } from "./harness/WeirProcess.ts"
import type { WireClient } from "./harness/WireClient.ts"

describe("access rules", () => {
  let server: WeirProcess
  const open: Array<WireClient> = []

  beforeAll(async () => {
    server = await start({
      program: "standalone",
      config: {
        auth,
        namespaces: {
          user: { rules: { "user:{sub}": ["subscribe", "history"] } },
          org: {
            clientPublish: true,
            rules: { "org:{claims.org}:*": ["subscribe", "publish", "signal"] }
          },
          chat: {}
        }
      }
    })
  })
  afterAll(async () => {
    for (const it of open) it.close()
    await server?.stop()
  })

  const tokenOf = (claims: object) => signToken({ claims: { ...claims } })

  const connect = async (claims: object): Promise<WireClient> => {
    const client = await connectJson(server.http!, { token: await tokenOf(claims) })
    open.push(client)
    return client
  }

  const outcome = async (client: WireClient, type: string, payload: object): Promise<string> => {
    const answer = await client.request(type, payload)
    return answer.type === "error" ? answer.payload.code : answer.type
  }

  it("give a user what is the user's, and nobody else", async () => {
    const ann = await connect({ sub: "ann" })
    assert.strictEqual(await outcome(ann, "subscribe", { channel: "user:ann" }), "subscribed")
    assert.strictEqual(await outcome(ann, "history", { channel: "user:ann" }), "history")
    assert.strictEqual(
      await outcome(ann, "subscribe", { channel: "user:bob" }),
      "permission_denied"
    )
    assert.strictEqual(await outcome(ann, "subscribe", { channel: "chat:a" }), "permission_denied")
    const publish = { channel: "user:ann", data: 1 }
    assert.strictEqual(await outcome(ann, "publish", publish), "permission_denied")
  })

  it("give the members of an organisation what is theirs, beside what a token says", async () => {
    const claims = { sub: "bob", org: "acme", capabilities: { "chat:*": ["subscribe"] } }
    const bob = await connect(claims)
    for (const channel of ["org:acme:plans", "chat:lobby", "user:bob"]) {
      assert.strictEqual(await outcome(bob, "subscribe", { channel }), "subscribed")
    }
    const publish = { channel: "org:acme:plans", data: "secret" }
    assert.strictEqual(await outcome(bob, "publish", publish), "published")

    const eve = await connect({ sub: "eve", org: "acme:plans" })
    const star = await connect({ sub: "*", org: "*" })
    for (const other of [eve, star]) {
      for (const channel of ["org:acme:plans", "org:acme:plans:x", "org:*:x", "user:ann"]) {
        assert.strictEqual(await outcome(other, "subscribe", { channel }), "permission_denied")
      }
    }
  })

  it("come with a ticket, too", async () => {
    const client = await connectJson(server.http!, { token: await tokenOf({ sub: "cleo" }) })
    open.push(client)
    const again = await client.request("refresh", { token: await tokenOf({ sub: "cleo" }) })
    const back = await connectJson(server.http!, { ticket: again.payload.ticket })
    open.push(back)
    assert.strictEqual(await outcome(back, "subscribe", { channel: "user:cleo" }), "subscribed")
    assert.strictEqual(
      await outcome(back, "subscribe", { channel: "user:ann" }),
      "permission_denied"
    )
  })

  it("are judged again with a new token: what it does not allow ends", async () => {
    const dan = await connect({ sub: "dan", org: "acme" })
    const others = await connect({ sub: "finn", org: "acme" })
    for (const channel of ["org:acme:plans", "user:dan"]) {
      assert.strictEqual(await outcome(dan, "subscribe", { channel }), "subscribed")
    }

    const left = await tokenOf({ sub: "dan", org: "other" })
    assert.strictEqual(await outcome(dan, "refresh", { token: left }), "refreshed")

    const { payload } = await dan.take("unsubscribed")
    assert.deepStrictEqual(payload, { channel: "org:acme:plans", reason: "permission_denied" })
    await outcome(others, "publish", { channel: "org:acme:plans", data: "without dan" })
    await dan.settle()
    assert.deepStrictEqual(dan.takeValues("org:acme:plans"), [])
    assert.strictEqual(await outcome(dan, "unsubscribe", { channel: "user:dan" }), "unsubscribed")
  })
})
