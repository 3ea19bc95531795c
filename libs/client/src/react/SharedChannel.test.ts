/**
 * What the hooks of a channel ask of the server, by the frames that it gets.
 */
import { assert, describe, it, vi } from "@effect/vitest"
import type { ChannelEvent } from "../ChannelEvents.ts"
import { fakeSockets } from "../FakeSocket.fixture.ts"
import { WeirClient } from "../WeirClient.ts"
import { sharedChannel } from "./SharedChannels.ts"
import type { Wish } from "./Wish.ts"

const channel = "chat:a"
const positionAt = (offset: number) => ({ epoch: "e", term: 1, offset })
const publicationAt = (offset: number) => ({
  channel,
  position: positionAt(offset),
  publisher: "ann",
  data: offset
})

/** Lets all that waits for a microtask happen. */
const turn = () => new Promise((resolve) => setImmediate(resolve))

const connect = async () => {
  const { WebSocket, opened } = fakeSockets()
  const url = "http://weir.test/v1/ws"
  const client = new WeirClient({ url, token: "t", webSocket: WebSocket })
  client.connect()
  await turn()
  const socket = opened[0]!
  socket.accepts()
  const sent = (type: string) => socket.frames.filter((frame) => frame.type === type)
  const answers = (type: string, payload: object) => {
    const request = socket.frames.at(-1)!
    socket.says(type, payload, request.id)
    return turn()
  }
  const begins = (offset: number, next = offset + 1) => {
    const position = positionAt(offset)
    return answers("subscribed", { channel, position, recovered: next <= offset, next })
  }
  return { answers, begins, client, opened, sent, socket }
}

const join = (client: WeirClient, wish: Partial<Wish> = {}) => {
  const heard: Array<unknown> = []
  const onError = vi.fn()
  const current = { rewind: 0, presence: false, member: undefined, ...wish }
  const shared = sharedChannel(client, channel)
  const note = (event: ChannelEvent) =>
    heard.push(event.type === "publication" ? event.publication.data : event.type)
  const leave = shared.join({ wish: () => current, onEvent: note, onError })
  return { current, heard, leave, onError, shared }
}

describe("SharedChannel", () => {
  it("subscribes once for all that join in one turn, with all their wishes", async () => {
    const { client, sent } = await connect()

    join(client, { rewind: 5 })
    join(client, { rewind: 20 })
    join(client, { presence: true, member: { colour: "teal" } })
    await turn()

    assert.deepStrictEqual(
      sent("subscribe").map(({ payload }) => payload),
      [{ channel, rewind: { last: 20 }, member: { data: { colour: "teal" } }, presence: true }]
    )
  })

  it("asks nothing for who joins, leaves and joins again in one turn", async () => {
    const { client, sent } = await connect()

    join(client).leave()
    join(client)
    await turn()

    assert.lengthOf(sent("subscribe"), 1)
    assert.isEmpty(sent("unsubscribe"))
  })

  it("passes each publication to all of them", async () => {
    const { begins, client, socket } = await connect()
    const [one, other] = [join(client), join(client)]
    await turn()
    await begins(6)

    socket.says("publication", publicationAt(7))

    assert.deepStrictEqual([one.heard, other.heard], [[7], [7]])
  })

  it("stays subscribed until the last has left", async () => {
    const { begins, client, sent } = await connect()
    const [one, other] = [join(client), join(client)]
    await turn()
    await begins(6)

    one.leave()
    await turn()
    assert.isEmpty(sent("unsubscribe"))
    other.leave()
    await turn()

    assert.lengthOf(sent("unsubscribe"), 1)
    assert.notStrictEqual(sharedChannel(client, channel), one.shared)
  })

  it("asks again from where it is, when more is wanted", async () => {
    const { answers, begins, client, sent, socket } = await connect()
    const first = join(client, { rewind: 5 })
    await turn()
    await begins(6)
    socket.says("publication", publicationAt(7))

    join(client, { presence: true })
    await turn()
    await answers("unsubscribed", { channel })
    const again = sent("subscribe").at(-1)?.payload
    await begins(8, 8)
    socket.says("publication", publicationAt(8))

    assert.deepStrictEqual(again, { channel, since: positionAt(7), presence: true })
    assert.deepStrictEqual(first.heard, [7, 8])
  })

  it("hears nothing more of the subscription that it has replaced", async () => {
    const { begins, client, socket } = await connect()
    const first = join(client)
    await turn()
    await begins(6)
    const errors: Array<unknown> = []
    first.shared.status.subscribe(({ error }) => errors.push(error))

    join(client, { presence: true })
    await turn()
    socket.says("publication", publicationAt(7))

    assert.isEmpty(first.heard)
    assert.isFalse(first.shared.status.value.isLive)
    assert.deepStrictEqual(errors, [undefined])
  })

  it("asks with the larger rewind, where the server has not begun", async () => {
    const { answers, client, sent } = await connect()
    join(client, { rewind: 5 })
    await turn()

    join(client, { rewind: 20 })
    await turn()
    await answers("subscribed", { channel, position: positionAt(6), next: 7 })
    await answers("unsubscribed", { channel })

    assert.deepStrictEqual(sent("subscribe").at(-1)?.payload, { channel, rewind: { last: 20 } })
  })

  it("reads the history for who comes later and wants to begin earlier", async () => {
    const { answers, begins, client, sent, socket } = await connect()
    const first = join(client)
    await turn()
    await begins(6)

    const late = join(client, { rewind: 2 })
    await turn()
    const asked = sent("history").at(-1)
    socket.says("publication", publicationAt(7))
    const publications = [publicationAt(6), publicationAt(5)]
    await answers("history", { channel, position: positionAt(6), publications, next: 0 })

    assert.deepStrictEqual(asked?.payload, { channel, limit: 2, reverse: true })
    assert.deepStrictEqual([first.heard, late.heard], [[7], [5, 6, 7]])
    assert.lengthOf(sent("subscribe"), 1)
  })

  it("is not live while the connection is cut", async () => {
    const { begins, client, socket } = await connect()
    const { shared } = join(client)
    await turn()
    await begins(6)
    assert.isTrue(shared.status.value.isLive)

    socket.closes(1006)

    assert.deepStrictEqual(shared.status.value, { isLive: false, error: undefined })
    await client.close()
  })

  it("says why it was refused, and asks again only for something else", async () => {
    const { answers, client, sent } = await connect()
    const first = join(client, { presence: true })
    await turn()
    await answers("error", { code: "permission_denied", message: "presence" })
    assert.strictEqual(first.shared.status.value.error?.code, "permission_denied")

    join(client, { presence: true })
    await turn()
    assert.lengthOf(sent("subscribe"), 1)
    first.current.presence = false
    first.leave()
    await turn()
    assert.lengthOf(sent("subscribe"), 1)
    join(client, { member: "me" })
    await turn()

    assert.lengthOf(sent("subscribe"), 2)
    assert.isUndefined(first.shared.status.value.error)
  })

  it.each([
    ["that the program has subscribed itself", "already_subscribed", undefined],
    ["with a member that is no JSON", "bad_request", 1n]
  ])("says so of a channel %s", async (_title, code, member) => {
    const { client } = await connect()
    if (code === "already_subscribed") client.subscribe(channel, { onPublication: () => {} })

    const { shared } = join(client, { member })
    await turn()

    assert.strictEqual(shared.status.value.error?.code, code)
  })

  it("reads the roster once it is subscribed, and again when changes may be missing", async () => {
    const { answers, begins, client, sent, socket } = await connect()
    const { shared } = join(client, { presence: true })
    await turn()
    await begins(6)

    await answers("presence", { channel, members: [{ id: "m-1", user: "bob", joinedAt: 2 }] })
    socket.says("presenceChange", { channel, joined: [{ id: "m-2", user: "cleo", joinedAt: 1 }] })
    const users = shared.roster.view.value.members.map(({ user }) => user)
    socket.says("presenceChange", { channel, reset: true })

    assert.deepStrictEqual(users, ["cleo", "bob"])
    assert.isTrue(shared.roster.view.value.isComplete)
    assert.lengthOf(sent("presence"), 2)
  })

  it("takes the newest of two answers for the roster, in whatever order they come", async () => {
    const { begins, client, sent, socket } = await connect()
    const { shared } = join(client, { presence: true })
    await turn()
    await begins(6)
    socket.says("presenceChange", { channel, reset: true })
    const [first, second] = sent("presence")

    socket.says("presence", { channel, members: [{ id: "new" }] }, second?.id)
    socket.says("presence", { channel, members: [{ id: "old" }] }, first?.id)
    await turn()

    assert.deepStrictEqual(
      shared.roster.view.value.members.map(({ id }) => id),
      ["new"]
    )
  })

  it("asks for the roster again, for a while, when it cannot be had now", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    const { answers, begins, client, sent } = await connect()
    const { leave, shared } = join(client, { presence: true })
    await turn()
    await begins(6)

    for (let ask = 1; ask <= 7; ask++) {
      assert.lengthOf(sent("presence"), ask)
      await answers("error", { code: "unavailable" })
      vi.advanceTimersByTime(500 * 2 ** (ask - 1))
    }
    vi.advanceTimersByTime(600_000)
    vi.useRealTimers()

    assert.lengthOf(sent("presence"), 7)
    assert.strictEqual(shared.roster.view.value.error?.code, "unavailable")
    leave()
  })
})
