import { assert, describe, it } from "@effect/vitest"
import type { ChannelEvent } from "../ChannelEvents.ts"
import type { WeirError } from "../Failure.ts"
import type { History } from "../History.ts"
import { Seat } from "./Seat.ts"

const publicationAt = (offset: number, epoch = "e") => ({
  channel: "chat:a",
  position: { epoch, term: 1, offset },
  data: offset,
  contentType: "application/json",
  publisher: "ann",
  messageId: "",
  key: "",
  publishedAt: 0
})
const brings = (offset: number, epoch?: string): ChannelEvent => ({
  type: "publication",
  publication: publicationAt(offset, epoch)
})

const open = () => {
  const heard: Array<unknown> = []
  const errors: Array<WeirError> = []
  const seat = new Seat({
    wish: () => ({ rewind: 0, presence: false, member: undefined }),
    onEvent: (event) => heard.push(event.type === "publication" ? event.publication.data : event),
    onError: (error) => errors.push(error)
  })
  const past = Promise.withResolvers<Pick<History, "publications">>()
  return { errors, heard, past, seat }
}

describe("Seat", () => {
  it("passes on what comes, if it begins with nothing", () => {
    const { heard, seat } = open()
    seat.begin()

    seat.take(brings(8))

    assert.deepStrictEqual(heard, [8])
  })

  it("begins with the past, the oldest first, and then what came meanwhile, once", async () => {
    const { heard, past, seat } = open()
    seat.begin(past.promise)
    for (const offset of [7, 8]) seat.take(brings(offset))
    assert.isEmpty(heard)

    past.resolve({ publications: [7, 6, 5].map((offset) => publicationAt(offset)) })
    await past.promise
    seat.take(brings(9))

    assert.deepStrictEqual(heard, [5, 6, 7, 8, 9])
  })

  it("leaves out nothing that came meanwhile, however short the past is", async () => {
    const { heard, past, seat } = open()
    seat.begin(past.promise)
    for (const offset of [7, 8, 9]) seat.take(brings(offset))

    past.resolve({ publications: [publicationAt(9)] })
    await past.promise

    assert.deepStrictEqual(heard, [7, 8, 9])
  })

  it("compares offsets within one epoch only", async () => {
    const { heard, past, seat } = open()
    seat.begin(past.promise)
    seat.take(brings(1, "another"))

    past.resolve({ publications: [publicationAt(7)] })
    await past.promise

    assert.deepStrictEqual(heard, [7, 1])
  })

  it("goes on without a past that cannot be read, and says why", async () => {
    const { errors, heard, past, seat } = open()
    seat.begin(past.promise)
    seat.take(brings(7))

    past.reject(new Error("no history here"))
    await past.promise.catch(() => {})

    assert.deepStrictEqual(heard, [7])
    assert.strictEqual(errors[0]?.message, "no history here")
  })

  it("waits for the past no longer than 1,024 events", async () => {
    const { errors, heard, past, seat } = open()
    seat.begin(past.promise)

    for (let offset = 1; offset <= 1_024; offset++) seat.take(brings(offset))
    past.resolve({ publications: [publicationAt(0)] })
    await past.promise

    assert.lengthOf(heard, 1_024)
    assert.strictEqual(errors[0]?.code, "aborted")
  })

  it("is silent once it is left", async () => {
    const { heard, past, seat } = open()
    seat.begin(past.promise)
    seat.leave()

    past.resolve({ publications: [publicationAt(7)] })
    await past.promise
    seat.take(brings(8))

    assert.isEmpty(heard)
  })
})
