import { assert, describe, it } from "@effect/vitest"
import type { Publication } from "@weir/client/Publication"
import { emptyRoom, type RoomEvent, roomAfter } from "./RoomState.ts"

const room = (...events: ReadonlyArray<RoomEvent>) => events.reduce(roomAfter, emptyRoom)

const said = (over: Partial<Publication> = {}): RoomEvent => ({
  type: "publication",
  publication: {
    channel: "chat:lobby",
    position: { epoch: "e", term: 1, offset: 1 },
    data: { text: "hi" },
    contentType: "application/json",
    publisher: "ann",
    messageId: "m-1",
    key: "",
    publishedAt: 0,
    ...over
  }
})

describe("RoomState", () => {
  it("replaces an own draft by the publication it has become", () => {
    const { drafts, lines } = room({ type: "sending", id: "m-1", text: "hi" }, said())

    assert.lengthOf(drafts, 0)
    assert.lengthOf(lines, 1)
  })

  it("ends a draft whose message was delivered before the answer came", () => {
    const { drafts } = room({ type: "sending", id: "m-1", text: "hi" }, { type: "sent", id: "m-1" })

    assert.lengthOf(drafts, 0)
  })

  it("keeps a failed draft with its reason, and sends it again under its id", () => {
    const sending = { type: "sending", id: "m-1", text: "hi" } as const
    const failed = room(sending, { type: "failed", id: "m-1", reason: "too long" })

    assert.deepStrictEqual(failed.drafts, [{ id: "m-1", text: "hi", failure: "too long" }])
    assert.lengthOf(roomAfter(failed, sending).drafts, 1)
    assert.isUndefined(roomAfter(failed, sending).drafts[0]?.failure)
  })

  it("counts what is said while nobody looks, until somebody does", () => {
    const left = room({ type: "opened" }, said(), { type: "left" }, said(), said())

    assert.strictEqual(left.unread, 2)
    assert.strictEqual(roomAfter(left, { type: "opened" }).unread, 0)
  })

  it("counts nothing before anybody has looked", () => {
    assert.strictEqual(room(said(), said()).unread, 0)
  })

  it("shows what is no chat message as it is", () => {
    const { lines } = room(said({ data: { n: 1 } }))

    assert.deepInclude(lines[0], { text: `{"n":1}` })
  })

  it("keeps the newest 500 lines", () => {
    const events = Array.from({ length: 501 }, (_, index) =>
      said({ position: { epoch: "e", term: 1, offset: index + 1 } })
    )

    const { lines } = room(...events)

    assert.lengthOf(lines, 500)
    assert.strictEqual(lines[0]?.id, "e 1 2")
  })
})
