import { assert, describe, it } from "@effect/vitest"
import { ChannelEvents } from "./ChannelEvents.ts"
import { WeirError } from "./Failure.ts"
import type { SubscriptionHandlers } from "./Subscription.ts"

const channel = "chat:a"
const at = (offset: number, epoch = "e") => ({ epoch, term: 1, offset })

const publicationAt = (offset: number, epoch = "e") => ({
  ...{ channel, position: at(offset, epoch), data: offset, contentType: "" },
  ...{ publisher: "ann", messageId: "", key: "", publishedAt: 0 }
})

/** Events of a subscription that the test plays. */
const open = () => {
  let handlers: SubscriptionHandlers | undefined
  let left = 0
  const events = new ChannelEvents(channel, (given) => {
    handlers = given
    return () => {
      left++
      given.onUnsubscribed?.("")
    }
  })
  return { events, server: handlers!, left: () => left }
}

const offsetOf = (result: Awaited<ReturnType<ChannelEvents["next"]>>) =>
  result.value?.type === "publication" ? result.value.publication.position.offset : result

describe("a subscription that is read with `for await`", () => {
  it("gives what came before and what comes while it is waited for, in order", async () => {
    const { events, server } = open()
    server.onPublication(publicationAt(1))
    const first = events.next()
    const second = events.next()
    server.onPublication(publicationAt(2))
    assert.deepStrictEqual([offsetOf(await first), offsetOf(await second)], [1, 2])
  })

  it("unsubscribes when the loop is left", async () => {
    const { events, left, server } = open()
    server.onPublication(publicationAt(1))
    server.onPublication(publicationAt(2))
    for await (const event of events) {
      assert.strictEqual(event.type, "publication")
      break
    }
    assert.strictEqual(left(), 1)
    assert.deepStrictEqual(await events.next(), { done: true, value: undefined })
  })

  it("ends with the server's reason, behind what came before, and says it once", async () => {
    const { events, server } = open()
    server.onPublication(publicationAt(1))
    server.onError?.(new WeirError("permission_denied", "not yours"))
    assert.strictEqual(offsetOf(await events.next()), 1)
    const refused = await events.next().catch((error: WeirError) => error)
    assert.propertyVal(refused, "code", "permission_denied")
    assert.deepStrictEqual(await events.next(), { done: true, value: undefined })
  })

  it("lets go of what waits beyond its bound, and says what that was", async () => {
    const { events, server } = open()
    for (let offset = 1; offset <= 1_025; offset++) server.onPublication(publicationAt(offset))
    const gap = { channel, reason: "dropped", from: 1, to: 1_024, position: at(1_024) }
    assert.deepStrictEqual(await events.next(), { done: false, value: { type: "gap", gap } })
    assert.strictEqual(offsetOf(await events.next()), 1_025)
  })

  it("keeps a gap that was waiting: what follows an unknown loss stays unknown", async () => {
    const { events, server } = open()
    const told = { channel, from: undefined, to: undefined, position: at(7, "f") }
    server.onPublication(publicationAt(1))
    server.onGap?.({ ...told, reason: "epoch_changed" })
    for (let offset = 8; offset < 8 + 1_023; offset++) {
      server.onPublication(publicationAt(offset, "f"))
    }
    const first = await events.next()
    assert.deepInclude(first.value, {
      type: "gap",
      gap: { ...told, reason: "epoch_changed", to: 1_029, position: at(1_029, "f") }
    })
  })

  it("says that the roster is to be read again if changes were let go of", async () => {
    const { events, server } = open()
    server.onPresence?.({ channel, joined: [], left: [{ id: "m", user: "ann" }], reset: false })
    for (let offset = 1; offset <= 1_024; offset++) server.onPublication(publicationAt(offset))
    await events.next()
    const second = await events.next()
    assert.deepInclude(second.value, {
      type: "presence",
      change: { channel, joined: [], left: [], reset: true }
    })
  })
})
