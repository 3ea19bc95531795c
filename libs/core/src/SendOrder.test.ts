import { assert, describe, it } from "@effect/vitest"
import { failure } from "./Failure.ts"
import { SendOrder } from "./SendOrder.ts"

const channel = "chat:lobby"
const unavailable = failure("unavailable", "the log is away")

describe("SendOrder", () => {
  it("refuses what is behind a refused one until that comes again", () => {
    const order = new SendOrder()
    order.refused(channel, "m-1", 1, unavailable)
    assert.strictEqual(order.check(channel, "m-2", 10)?.code, "aborted")
    // Refused for being behind it: the first one is still the one to wait for.
    order.refused(channel, "m-2", 2, unavailable)
    assert.isUndefined(order.check(channel, "m-1", 20))
    assert.isUndefined(order.check(channel, "m-2", 20))
  })

  it("waits for the first one that was sent, whichever is refused first", () => {
    const order = new SendOrder()
    const [first, second] = [order.next(), order.next()]
    order.refused(channel, "m-2", second, unavailable)
    order.refused(channel, "m-1", first, unavailable)
    assert.strictEqual(order.check(channel, "m-2", 10)?.code, "aborted")
    assert.isUndefined(order.check(channel, "m-1", 20))
    assert.isUndefined(order.check(channel, "m-2", 20))
  })

  it("holds up no other channel, and nobody for ever once its sender knows", () => {
    const order = new SendOrder()
    order.refused(channel, "m-1", 1, unavailable)
    // The answer may have to wait for others before it.
    assert.isDefined(order.check(channel, "m-2", 60_000))
    order.told(channel, "m-1", 60_000)
    assert.isUndefined(order.check("chat:other", "m-2", 60_000))
    assert.isDefined(order.check(channel, "m-2", 61_999))
    assert.isUndefined(order.check(channel, "m-2", 62_000))
    assert.isUndefined(order.check(channel, "m-3", 62_000))
  })

  it("holds nobody up for one that will not be sent again", () => {
    const order = new SendOrder()
    order.refused(channel, "m-1", 1, failure("payload_too_large", "too large"))
    order.refused(channel, "m-2", 2, failure("not_durable", "fewer replicas"))
    assert.isUndefined(order.check(channel, "m-3", 10))
  })

  it("claims no order for one without an id", () => {
    const order = new SendOrder()
    order.refused(channel, "", 1, unavailable)
    assert.isUndefined(order.check(channel, "m-2", 10))
  })

  it("holds no longer for what was refused only for being behind", () => {
    const order = new SendOrder()
    order.refused(channel, "m-1", 1, unavailable)
    order.refused(channel, "m-2", 2, unavailable)
    order.told(channel, "m-1", 0)
    order.told(channel, "m-2", 1_000)
    assert.isUndefined(order.check(channel, "m-3", 2_000))
  })

  it("holds a bounded number of channels", () => {
    const order = new SendOrder()
    for (let n = 0; n <= 1_000; n++) order.refused(`chat:${n}`, "m", n, unavailable)
    assert.isUndefined(order.check("chat:0", "m-2", 10))
    assert.isDefined(order.check("chat:1", "m-2", 10))
  })
})
