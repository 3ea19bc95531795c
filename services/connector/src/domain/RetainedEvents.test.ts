import { assert, describe, it } from "@effect/vitest"
import { RetainedEvents } from "./RetainedEvents.ts"

const line = (text: string) => new TextEncoder().encode(text)
const texts = (events: ReturnType<RetainedEvents["after"]>) =>
  events?.lines.map((it) => new TextDecoder().decode(it))

const filled = (count: number, maxFrames = 10, maxBytes = 1_000) => {
  const events = new RetainedEvents({ maxFrames, maxBytes })
  for (let n = 1; n <= count; n++) events.append(line(`line ${n}`))
  return events
}

describe("RetainedEvents", () => {
  it("gives what follows a cursor, as often as it is asked", () => {
    const events = filled(3)
    assert.deepStrictEqual(texts(events.after(1, 64, 1_000)), ["line 2", "line 3"])
    assert.deepStrictEqual(texts(events.after(1, 64, 1_000)), ["line 2", "line 3"])
    assert.deepStrictEqual(events.after(3, 64, 1_000), { lines: [], cursor: 3 })
  })

  it("gives no more than is asked for, but always one", () => {
    const events = filled(5)
    assert.strictEqual(events.after(0, 2, 1_000)!.cursor, 2)
    assert.strictEqual(events.after(0, 64, 12)!.cursor, 2)
    assert.strictEqual(events.after(0, 64, 1)!.cursor, 1)
  })

  it("knows no cursor that was never given, nor one before what was acknowledged", () => {
    const events = filled(3)
    events.acknowledge(2)
    assert.isUndefined(events.after(1, 64, 1_000))
    assert.isUndefined(events.after(4, 64, 1_000))
    assert.deepStrictEqual(texts(events.after(2, 64, 1_000)), ["line 3"])
  })

  it("drops nothing that was not delivered, and says that it is full", () => {
    const events = filled(9)
    assert.isFalse(events.isFull)
    for (let n = 10; n <= 12; n++) events.append(line(`line ${n}`))
    assert.isTrue(events.isFull)
    assert.strictEqual(events.after(0, 64, 1_000)!.lines.length, 12)
    events.deliver(5)
    assert.isFalse(events.isFull)
  })

  it("counts bytes as well", () => {
    const events = filled(3, 10, 18)
    assert.isTrue(events.isFull)
    events.deliver(1)
    assert.isFalse(events.isFull)
  })

  it("keeps what was delivered as long as there is room for it", () => {
    const events = filled(10)
    events.deliver(10)
    assert.strictEqual(events.after(0, 64, 1_000)!.cursor, 10)
    events.append(line("line 11"))
    assert.isUndefined(events.after(0, 64, 1_000))
    assert.deepStrictEqual(texts(events.after(9, 64, 1_000)), ["line 10", "line 11"])
  })
})
