/**
 * Rosters as a client sees them: who is there, who comes and who goes.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { jsonTransports } from "./harness/HttpSocket.ts"
import { developmentToken, start, type WeirProcess } from "./harness/WeirProcess.ts"
import { type Frame, type Payload, WireClient } from "./harness/WireClient.ts"

describe.each(jsonTransports)("the roster over %s", (_, codec) => {
  let server: WeirProcess
  const open: Array<WireClient> = []
  let count = 0
  const newChannel = () => `chat:roster-${++count}`

  beforeAll(async () => {
    server = await start({
      program: "standalone",
      config: { limits: { exempt: ["127.0.0.0/8"] } }
    })
  })
  afterAll(async () => {
    for (const client of open) client.close()
    await server?.stop()
  })

  const connect = async (user: string, more: object = {}) => {
    const token = await developmentToken(server.http!, user)
    const client = await WireClient.connect(server.http!, codec, { token, ...more })
    open.push(client)
    return client
  }

  it("tells a watcher who joins and who leaves, and shows itself when asked", async () => {
    const channel = newChannel()
    const watcher = await connect("watcher", { subscriptions: [{ channel, presence: true }] })
    const bob = await connect("bob")
    const isAbout = (change: "joined" | "left") => (frame: Frame) =>
      frame.type === "presenceChange" &&
      frame.payload[change].some(({ user }: Payload) => user === "bob")

    await bob.subscribe(channel, { member: { data: { mood: "calm" } } })
    const join = await watcher.takeWhere("bob's joining", isAbout("joined"))
    const { payload: roster } = await watcher.request("presence", { channel })
    const { payload: counts } = await watcher.request("presence", { channel, counts: true })
    bob.close()
    const leave = await watcher.takeWhere("bob's leaving", isAbout("left"))

    const [member] = join.payload.joined
    assert.strictEqual(join.payload.channel, channel)
    assert.deepStrictEqual(Object.keys(member), ["id", "user", "joinedAt", "data"])
    assert.deepStrictEqual([member.user, member.data], ["bob", { mood: "calm" }])
    assert.deepStrictEqual(roster, {
      channel,
      members: [member],
      memberCount: 1,
      userCount: 1,
      next: ""
    })
    assert.deepStrictEqual([counts.members, counts.memberCount, counts.userCount], [[], 1, 1])
    assert.deepStrictEqual(leave.payload.left, [{ id: member.id, user: "bob" }])
  })

  it("loses who unsubscribes", async () => {
    const channel = newChannel()
    const watcher = await connect("watcher", { subscriptions: [{ channel, presence: true }] })
    const bob = await connect("bob", { subscriptions: [{ channel, member: {} }] })
    await watcher.takeWhere("bob's joining", ({ payload }) => payload.joined?.length === 1)

    await bob.request("unsubscribe", { channel })

    await watcher.takeWhere("bob's leaving", ({ payload }) => payload.left?.length === 1)
    const { payload } = await watcher.request("presence", { channel })
    assert.deepStrictEqual(payload.members, [])
  })

  it("comes in pages", async () => {
    const channel = newChannel()
    const users = ["one", "two", "three"]
    for (const user of users) await connect(user, { subscriptions: [{ channel, member: {} }] })
    const ann = await connect("ann", { subscriptions: [{ channel, presence: true }] })
    const seen: Array<string> = []

    let after = ""
    do {
      const { payload } = await ann.request("presence", { channel, limit: 2, after })
      assert.strictEqual(payload.memberCount, 3)
      assert.isAtMost(payload.members.length, 2)
      seen.push(...payload.members.map(({ user }: Payload) => user))
      after = payload.next
    } while (after !== "" && seen.length < 9)

    assert.sameMembers(seen, users)
  })

  it("counts a user with two connections once among users, twice among members", async () => {
    const channel = newChannel()
    const subscriptions = [{ channel, member: {} }]
    const watcher = await connect("watcher", { subscriptions: [{ channel, presence: true }] })
    for (let joined = 0; joined < 2; joined++) {
      await connect("bob", { subscriptions })
      await watcher.takeWhere("bob's joining", ({ payload }) => payload.joined?.length === 1)
    }

    const { payload } = await watcher.request("presence", { channel })

    assert.deepStrictEqual([payload.memberCount, payload.userCount], [2, 1])
    assert.notStrictEqual(payload.members[0].id, payload.members[1].id)
  })

  it("keeps who came back by ticket before the old connection was gone", async () => {
    const channel = newChannel()
    const subscriptions = [{ channel, member: {} }]
    const watcher = await connect("watcher", { subscriptions: [{ channel, presence: true }] })
    const old = await WireClient.open(server.http!, codec)
    const token = await developmentToken(server.http!, "bob")
    const { payload } = await old.request("connect", { token, versions: ["1"], subscriptions })
    await watcher.takeWhere("bob's joining", ({ payload }) => payload.joined?.length === 1)
    const back = await WireClient.connect(server.http!, codec, {
      ticket: payload.ticket,
      subscriptions
    })
    open.push(back)

    old.close()
    await old.closed()
    await connect("cleo", { subscriptions })
    await watcher.takeWhere("cleo's joining", ({ payload }) =>
      payload.joined?.some(({ user }: Payload) => user === "cleo")
    )

    const roster = await watcher.request("presence", { channel })
    const users = roster.payload.members.map(({ user }: Payload) => user)
    assert.sameMembers(users, ["bob", "cleo"])
    assert.isTrue(back.isOpen)
  })

  it("takes no member's data over 1 KiB", async () => {
    const channel = newChannel()
    const ann = await connect("ann")

    const { payload } = await ann.subscribe(channel, { member: { data: "x".repeat(1_024) } })

    assert.strictEqual(payload.code, "payload_too_large")
    assert.include(payload.message, "1024")
  })
})
