import { assert, describe, it } from "@effect/vitest"
import { checkMethod, handlerFor } from "./RpcMethod.ts"

const handlers = ["*", "orders.*", "orders.place", "orders.p*"].map((methods) => ({ methods }))

describe("RpcMethod", () => {
  it.each([
    ["orders.place", "orders.place"],
    ["orders.pay", "orders.p*"],
    ["orders.list", "orders.*"],
    ["orders.places", "orders.p*"],
    ["orders", "*"]
  ])("gives %s to %s", (method, expected) => {
    assert.strictEqual(handlerFor(handlers, method)?.methods, expected)
  })

  it("gives a method to nobody where none is named", () => {
    assert.isUndefined(handlerFor(handlers.slice(1), "users.list"))
    assert.isUndefined(handlerFor([{ methods: "orders.place" }], "orders.placed"))
  })

  it.each(["", "a b", "a\r\nx: y", "é", "a".repeat(129)])("refuses the name %j", (method) => {
    assert.strictEqual(checkMethod(method)?.code, "bad_request")
  })
})
