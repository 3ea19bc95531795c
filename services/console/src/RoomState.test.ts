import { assert, describe, it } from "@effect/vitest"
import type { Member, Publication } from "@weir/client/Publication"
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
    publishedAt: 0,
    ...over
  }
})

const member = (id: string, user = id): Member => ({
  id,
  user,
  joinedAt: 0,
  data: {},
  contentType: "application/json"
})

const present = (state: typeof emptyRoom) => [...state.members.keys()]

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

  it("applies changes that came before the roster they change", () => {
    const state = room(
      { type: "rosterAsked" },
      {
        type: "presence",
        change: {
          channel: "chat:lobby",
          joined: [member("cleo")],
          left: [{ id: "bob", user: "bob" }],
          reset: false
        }
      },
      { type: "roster", members: [member("ann"), member("bob")] }
    )

    assert.deepStrictEqual(present(state), ["ann", "cleo"])
  })

  it("forgets who was here when a new roster comes", () => {
    const state = room(
      { type: "roster", members: [member("ann")] },
      { type: "rosterAsked" },
      { type: "roster", members: [member("bob")] }
    )

    assert.deepStrictEqual(present(state), ["bob"])
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
