import { assert, describe, it } from "@effect/vitest"
import type { HistoryEvent } from "./history/History.ts"
import { percentilesOf, writesBackOf } from "./WritesBack.ts"

const published = (
  channel: string,
  messageId: string,
  from: number,
  to: number,
  publisher?: string
): ReadonlyArray<HistoryEvent> => {
  const more = publisher === undefined ? {} : { publisher }
  const what = { type: "publish", process: "p", channel, messageId, ...more } as const
  return [
    { t: from, ...what, phase: "invoke", sha: "" },
    { t: to, ...what, phase: "ok", position: { epoch: "e", term: 1, offset: 1 } }
  ]
}

describe("The time until writes are back", () => {
  it("ends with the acknowledgement of what was published after the fault", () => {
    const events = [...published("a", "1", 5, 40), ...published("a", "2", 15, 45)]
    assert.deepStrictEqual(writesBackOf(events, [{ t: 10, channels: ["a"] }]), [35])
  })

  it("is that of the slower door", () => {
    const events = [...published("a", "1", 15, 20), ...published("a", "2", 16, 90, "key")]
    assert.deepStrictEqual(writesBackOf(events, [{ t: 10, channels: ["a"] }]), [80])
  })

  it("is told for each channel that was hit", () => {
    const events = [...published("a", "1", 15, 20), ...published("b", "2", 15, 30)]
    const hits = [{ t: 10, channels: ["a", "b"] }]
    assert.deepStrictEqual(writesBackOf(events, hits), [10, 20])
  })

  it("comes down to what most and what all took", () => {
    const times = Array.from({ length: 200 }, (_, index) => 200 - index)
    assert.deepStrictEqual(percentilesOf(times), { count: 200, p50: 100, p99: 198, max: 200 })
    assert.isUndefined(percentilesOf([]))
  })
})
