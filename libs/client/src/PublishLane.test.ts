import { assert, describe, it, vi } from "@effect/vitest"
import type { Payload } from "./Codec.ts"
import type { Answer } from "./Connection.ts"
import { PublishLane } from "./PublishLane.ts"

interface Sent {
  readonly payload: Payload
  readonly accept: (offset: number, duplicate?: boolean) => void
  readonly refuse: (code: string, retryAfterMs?: number) => void
}

/** A lane whose far end is the test: what was sent waits in `sent` for its answer. */
const makeLane = () => {
  const sent: Array<Sent> = []
  const ended = { empty: false, online: true }
  const send = (payload: Payload, answer: Answer) => {
    if (!ended.online) return false
    sent.push({
      payload,
      accept: (offset, duplicate = false) =>
        answer({
          type: "published",
          payload: { position: { epoch: "e", term: 1, offset }, duplicate }
        }),
      refuse: (code, retryAfterMs = 0) => answer({ type: "error", payload: { code, retryAfterMs } })
    })
    return true
  }
  const lane = new PublishLane("chat:lobby", {
    backoff: { minMs: 500, maxMs: 20_000 },
    random: () => 0.5,
    send,
    onTurn: () => lane.resume(),
    onEmpty: () => {
      ended.empty = true
    }
  })
  return { lane, sent, ended, payloads: () => sent.map(({ payload }) => payload) }
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "accepted",
    (error: { readonly code: string }) => error.code
  )

const withFakeTime = (body: () => Promise<void>) => async () => {
  vi.useFakeTimers()
  try {
    await body()
  } finally {
    vi.useRealTimers()
  }
}

describe("PublishLane", () => {
  it("sends several at once and answers each", async () => {
    const { lane, sent, ended } = makeLane()
    const results = ["a", "b"].map((payload) => lane.publish(payload, 1_000))

    sent[0]!.accept(1)
    sent[1]!.accept(2)

    assert.deepStrictEqual(
      (await Promise.all(results)).map(({ position }) => position.offset),
      [1, 2]
    )
    assert.isTrue(ended.empty)
  })

  it(
    "stops at a refusal and sends again from it, once those behind it are answered",
    withFakeTime(async () => {
      const { lane, sent, payloads } = makeLane()
      const results = ["a", "b"].map((payload) => codeOf(lane.publish(payload, 10_000)))

      sent[0]!.refuse("unavailable", 300)
      vi.advanceTimersByTime(1_000)
      assert.deepStrictEqual(payloads(), ["a", "b"])
      sent[1]!.refuse("aborted")
      assert.deepStrictEqual(payloads(), ["a", "b", "a", "b"])

      sent[2]!.accept(1)
      sent[3]!.accept(2)
      assert.deepStrictEqual(await Promise.all(results), ["accepted", "accepted"])
    })
  )

  it(
    "waits as long as the server asks before it sends again",
    withFakeTime(async () => {
      const { lane, sent } = makeLane()
      const result = codeOf(lane.publish("a", 10_000))

      sent[0]!.refuse("unavailable", 300)
      vi.advanceTimersByTime(299)
      assert.lengthOf(sent, 1)
      vi.advanceTimersByTime(1)
      assert.lengthOf(sent, 2)

      sent[1]!.accept(1)
      assert.strictEqual(await result, "accepted")
    })
  )

  it(
    "sends one by one for a while after it was above the server's rate",
    withFakeTime(async () => {
      const { lane, sent, payloads } = makeLane()
      const results = ["a", "b"].map((payload) => codeOf(lane.publish(payload, 20_000)))

      for (const { refuse } of [...sent]) refuse("too_many_requests", 300)
      vi.advanceTimersByTime(300)
      assert.deepStrictEqual(payloads(), ["a", "b", "a"])
      sent[2]!.accept(1)
      assert.deepStrictEqual(payloads(), ["a", "b", "a", "b"])

      sent[3]!.accept(2)
      assert.deepStrictEqual(await Promise.all(results), ["accepted", "accepted"])
    })
  )

  it("rejects a refused one rather than put it behind a later one", async () => {
    const { lane, sent } = makeLane()
    const results = ["a", "b"].map((payload) => codeOf(lane.publish(payload, 10_000)))

    sent[0]!.refuse("too_many_requests", 300)
    sent[1]!.accept(1)

    assert.deepStrictEqual(await Promise.all(results), ["aborted", "accepted"])
  })

  it("lets one refused for good go and keeps those behind it", async () => {
    const { lane, sent } = makeLane()
    const results = ["a", "b"].map((payload) => codeOf(lane.publish(payload, 10_000)))

    sent[0]!.refuse("payload_too_large")
    sent[1]!.accept(1)

    assert.deepStrictEqual(await Promise.all(results), ["payload_too_large", "accepted"])
  })

  it("sends all undecided again, in order, on the next connection", async () => {
    const { lane, sent, ended, payloads } = makeLane()
    const results = ["a", "b", "c"].map((payload) => codeOf(lane.publish(payload, 10_000)))
    sent[0]!.accept(1)

    ended.online = false
    lane.disconnected()
    ended.online = true
    lane.resume()

    assert.deepStrictEqual(payloads(), ["a", "b", "c", "b", "c"])
    sent[3]!.accept(2, true)
    sent[4]!.accept(3)
    assert.deepStrictEqual(await Promise.all(results), ["accepted", "accepted", "accepted"])
  })

  it(
    "gives up the late one with its failure, and those behind it as aborted",
    withFakeTime(async () => {
      const { lane, sent } = makeLane()
      const results = [
        codeOf(lane.publish("a", 100)),
        codeOf(lane.publish("b", 5_000)),
        codeOf(lane.publish("c", 5_000))
      ]

      sent[0]!.refuse("not_durable", 400)
      vi.advanceTimersByTime(100)

      assert.deepStrictEqual(await Promise.all(results), ["not_durable", "aborted", "aborted"])
    })
  )

  it("refuses the 257th undecided publication", async () => {
    const { lane, ended } = makeLane()
    ended.online = false
    const held = Array.from({ length: 256 }, () => codeOf(lane.publish("a", 10_000)))

    assert.strictEqual(await codeOf(lane.publish("a", 10_000)), "too_many_requests")

    ended.online = true
    lane.resume()
    lane.fail(Object.assign(new Error(), { code: "aborted" }) as never)
    await Promise.all(held)
  })
})
