import { assert, describe, it } from "@effect/vitest"
import { Failure } from "@weir/core/Failure"
import { NodeAdmission } from "./NodeAdmission.ts"

const makeAdmission = (random = 0.5) =>
  new NodeAdmission({ rate: { perSecond: 1_000, burst: 100 }, nowMillis: 0, random: () => random })

const times = <A>(count: number, f: () => A): ReadonlyArray<A> => Array.from({ length: count }, f)

const late = { isLate: true, isShortOfMemory: false }
const short = { isLate: false, isShortOfMemory: true }

describe("a node's door", () => {
  it("lets in its burst at once and then its rate, whoever comes", () => {
    const admission = makeAdmission()
    const admitted = (now: number, count: number) =>
      times(count, () => admission.handshake(now, false)).filter((it) => it === undefined).length

    assert.deepStrictEqual(
      [admitted(0, 200), admitted(50, 200), admitted(10_000, 200)],
      [100, 50, 100]
    )
  })

  it("sends those away for longer of whom there are more, and never for more than 20 s", () => {
    const rate = { perSecond: 100, burst: 10 }
    const admission = new NodeAdmission({ rate, nowMillis: 0, random: () => 0.999 })
    const waits = times(5_000, () => admission.handshake(0, false)?.retryAfterMs ?? 0)
    assert.deepStrictEqual(
      [9, 10, 510, 4_999].map((nth) => Math.round(waits[nth]! / 1_000)),
      [0, 3, 11, 20]
    )
  })

  it("spreads those who are refused together from the first second on", () => {
    const waits = [0, 0.5, 0.999].map((random) => {
      const admission = makeAdmission(random)
      times(4_100, () => admission.handshake(0, false))
      return admission.handshake(0, false)!.retryAfterMs
    })
    assert.deepStrictEqual(waits, [1_000, 5_001, 8_993])
  })

  it("takes a quarter while the node is late, and nobody while it is short of memory", () => {
    const admission = makeAdmission()
    const reasons = (count: number) =>
      times(count, () => admission.handshake(0, false)?.reason ?? "admitted")

    admission.pressure = late
    assert.deepStrictEqual(reasons(26), [...Array(25).fill("admitted"), "lag"])
    admission.pressure = short
    assert.deepStrictEqual(reasons(1), ["memory"])
  })

  it("says first of all that the node is going away, and then that it is full", () => {
    const admission = makeAdmission()
    admission.pressure = short
    assert.deepInclude(admission.handshake(0, true), { reason: "full", code: "unavailable" })
    admission.drain()
    assert.deepInclude(admission.handshake(0, true), { reason: "draining", code: "unavailable" })
    assert.isAbove(admission.handshake(0, true)!.retryAfterMs, 0)
  })
})

describe("a newcomer", () => {
  it("is served at once while few come back", () => {
    const admission = makeAdmission()
    assert.deepStrictEqual(
      times(50, () => admission.newcomer(0)),
      Array(50).fill(0)
    )
  })

  it("waits for its turn while many come back, in the order of those who are new", () => {
    const admission = makeAdmission()
    times(1_000, () => admission.returned(0))
    // The share of newcomers is 250 a second, 25 at once.
    const waits = times(30, () => admission.newcomer(0))
    assert.deepStrictEqual(waits.slice(0, 25), Array(25).fill(0))
    assert.deepStrictEqual(waits.slice(25), [4, 8, 12, 16, 20])
  })

  it("waits for 4 s at most, and is then told to come again on its connection", () => {
    const admission = makeAdmission()
    const answers = times(6_000, () => {
      admission.returned(0)
      return admission.newcomer(0)
    })
    const waits = answers.filter((it) => typeof it === "number")
    const refused = answers.filter((it) => it instanceof Failure)
    assert.isAtMost(Math.max(...waits), 4_000)
    assert.isAbove(refused.length, 0)
    for (const { code, retryAfterMs } of refused) {
      assert.strictEqual(code, "too_many_requests")
      assert.isTrue(retryAfterMs >= 1_000 && retryAfterMs <= 20_000)
    }
  })

  it("has its share for as long as a storm lasts", () => {
    const admission = makeAdmission()
    let served = 0
    for (let now = 0; now < 60_000; now += 10) {
      times(20, () => admission.returned(now))
      if (typeof admission.newcomer(now) === "number") served++
    }
    assert.strictEqual(served, 6_000)
  })

  it("has what nobody else takes when all are new", () => {
    const admission = makeAdmission()
    let waited = 0
    for (let now = 0; now < 10_000; now++) {
      const wait = admission.newcomer(now)
      if (wait !== 0) waited++
    }
    assert.strictEqual(waited, 0)
  })

  it("waits, too, when more are new than the node serves", () => {
    const admission = makeAdmission()
    // 125 at once, and 1,250 a second with the share of newcomers.
    const waits = times(500, () => admission.newcomer(0))
    assert.strictEqual(waits.at(-1), 300)
  })

  it("is held to its share while the node is late", () => {
    const admission = makeAdmission()
    admission.pressure = late
    const waits = times(26, () => admission.newcomer(0))
    assert.strictEqual(waits.at(-1), 4)
  })
})
