import { assert, describe, it } from "@effect/vitest"
import type { Position, SubscribedPayload } from "./Envelope.ts"
import { Progress } from "./Progress.ts"

const channel = "chat:lobby"
const at = (offset: number, epoch = "e1", term = 1): Position => ({ epoch, term, offset })
const publication = (position: Position, messageId = "") => ({
  position,
  publisher: "ann",
  messageId
})
const answer = (over: Partial<SubscribedPayload>): SubscribedPayload => ({
  channel,
  position: at(41),
  recovered: false,
  next: 42,
  delivery: "all",
  ...over
})

const subscribedAt = (offset: number, over: Partial<SubscribedPayload> = {}) => {
  const progress = new Progress(channel)
  progress.begin(answer({ position: at(offset), next: offset + 1, ...over }))
  return progress
}

describe("Progress", () => {
  it("begins at the head of a fresh subscribe", () => {
    assert.deepStrictEqual(subscribedAt(41).position, at(41))
  })

  it("names no position of a rewind before its first publication: its term is not known", () => {
    const progress = subscribedAt(41, { position: at(41, "e1", 9), next: 12 })
    assert.isUndefined(progress.position)
    progress.take(publication(at(12, "e1", 7)), 0)
    assert.deepStrictEqual(progress.position, at(12, "e1", 7))
  })

  it("delivers the next publication and stands at it", () => {
    const progress = subscribedAt(41)

    assert.deepStrictEqual(progress.take(publication(at(42)), 0), { deliver: true })
    assert.deepStrictEqual(progress.position, at(42))
  })

  it("drops what an offset of the same epoch shows to be delivered", () => {
    const progress = subscribedAt(41)

    assert.isFalse(progress.take(publication(at(41)), 0).deliver)
    assert.deepStrictEqual(progress.position, at(41))
  })

  it("keeps the term of its own position when nothing was lost", () => {
    const progress = new Progress(channel, at(38, "e1", 7))

    const gap = progress.begin(answer({ position: at(41, "e1", 9), recovered: true, next: 39 }))

    assert.isUndefined(gap)
    assert.deepStrictEqual(progress.position, at(38, "e1", 7))
  })

  it.each(["trimmed", "limit"])("goes on with what is stored after %s", (reason) => {
    const progress = new Progress(channel, at(10))

    const gap = progress.begin(answer({ reason, next: 30 }))

    assert.deepInclude(gap, { reason, from: 11, to: 29, position: at(29) })
    // Cut off here it would resume from where it was: of offset 29 it knows no term.
    assert.deepStrictEqual(progress.position, at(10))
    assert.isUndefined(progress.begin(answer({ reason, next: 30 })))
    assert.isTrue(progress.take(publication(at(30)), 0).deliver)
  })

  it.each(["epoch_changed", "rolled_back"])("takes the given position after %s", (reason) => {
    const progress = new Progress(channel, at(50))

    const gap = progress.begin(answer({ reason, position: at(41, "e2"), next: 42 }))

    assert.deepInclude(gap, { reason, from: undefined, position: at(41, "e2") })
    assert.deepStrictEqual(progress.position, at(41, "e2"))
  })

  it("never filters by offset across a gap", () => {
    const progress = subscribedAt(50)

    progress.skip({ channel, reason: "rolled_back", position: at(40) })

    assert.isTrue(progress.take(publication(at(41)), 0).deliver)
  })

  it("drops a message that comes again under another offset, and stands at it", () => {
    const progress = subscribedAt(50)
    progress.take(publication(at(51), "m-1"), 0)
    progress.skip({ channel, reason: "rolled_back", position: at(40) })

    const again = progress.take(publication(at(41), "m-1"), 1)

    assert.isFalse(again.deliver)
    assert.deepStrictEqual(progress.position, at(41))
  })

  it("announces a hole that the server did not", () => {
    const { deliver, gap } = subscribedAt(41).take(publication(at(45)), 0)

    assert.isTrue(deliver)
    assert.deepInclude(gap, { reason: "dropped", from: 42, to: 44, position: at(44) })
  })

  it("takes a jump for granted where only the newest is delivered", () => {
    const progress = subscribedAt(41, { delivery: "latest" })

    assert.deepStrictEqual(progress.take(publication(at(45)), 0), { deliver: true })
  })

  it("announces a change of epoch that the server did not", () => {
    const { deliver, gap } = subscribedAt(41).take(publication(at(1, "e2")), 0)

    assert.isTrue(deliver)
    assert.deepInclude(gap, { reason: "epoch_changed", position: at(0, "e2") })
  })
})
