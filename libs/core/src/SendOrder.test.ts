import { assert, describe, it } from "@effect/vitest"
import { failure } from "./Failure.ts"
import { SendOrder } from "./SendOrder.ts"

const channel = "chat:lobby"
const unavailable = failure("unavailable", "the log is away")

describe("SendOrder", () => {
  it("refuses what is behind a refused one until that comes again", () => {
    const order = new SendOrder()
    order.refused(channel, "m-1", unavailable, 0)
    assert.strictEqual(order.check(channel, "m-2", 10)?.code, "aborted")
    // Refused for being behind it: the first one is still the one to wait for.
    order.refused(channel, "m-2", unavailable, 10)
    assert.isUndefined(order.check(channel, "m-1", 20))
    assert.isUndefined(order.check(channel, "m-2", 20))
  })

  it("holds up no other channel, and nobody for ever", () => {
    const order = new SendOrder()
    order.refused(channel, "m-1", unavailable, 0)
    assert.isUndefined(order.check("chat:other", "m-2", 10))
    assert.isDefined(order.check(channel, "m-2", 1_999))
    assert.isUndefined(order.check(channel, "m-2", 2_000))
    assert.isUndefined(order.check(channel, "m-3", 2_000))
  })

  it("holds nobody up for one that will not be sent again", () => {
    const order = new SendOrder()
    order.refused(channel, "m-1", failure("payload_too_large", "too large"), 0)
    order.refused(channel, "m-2", failure("not_durable", "fewer replicas"), 0)
    assert.isUndefined(order.check(channel, "m-3", 10))
  })

  it("claims no order for one without an id", () => {
    const order = new SendOrder()
    order.refused(channel, "", unavailable, 0)
    assert.isUndefined(order.check(channel, "m-2", 10))
  })

  it("holds a bounded number of channels", () => {
    const order = new SendOrder()
    for (let n = 0; n <= 1_000; n++) order.refused(`chat:${n}`, "m", unavailable, 0)
    assert.isUndefined(order.check("chat:0", "m-2", 10))
    assert.isDefined(order.check("chat:1", "m-2", 10))
  })
})
