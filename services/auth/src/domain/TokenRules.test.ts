import { assert, describe, it } from "@effect/vitest"
import { Failure } from "@weir/core/Failure"
import { identify, isExpired } from "./TokenRules.ts"

const expected = { issuer: "https://id.example.com", audience: "weir", rules: [] }
const now = 1_800_000_000
const day = 86_400

const good = {
  iss: "https://id.example.com",
  aud: "weir",
  sub: "ann",
  iat: now - 60,
  exp: now + 600,
  capabilities: { "chat:*": ["subscribe", "publish"] }
}

const judge = (changes: Record<string, unknown>) =>
  identify({ ...good, ...changes }, expected, now * 1000)

const without = (claim: keyof typeof good) =>
  identify(
    Object.fromEntries(Object.entries(good).filter(([name]) => name !== claim)),
    expected,
    now * 1000
  )

const messageOf = (result: unknown): string => {
  assert.instanceOf(result, Failure)
  assert.strictEqual(result.code, "unauthenticated")
  return result.message
}

describe("TokenRules", () => {
  it("takes user, token id, times and capabilities from the claims", () => {
    assert.deepStrictEqual(judge({ jti: "t-1" }), {
      user: "ann",
      tokenId: "t-1",
      issuedAt: (now - 60) * 1000,
      expiresAt: (now + 600) * 1000,
      capabilities: [{ pattern: "chat:*", verbs: ["subscribe", "publish"] }]
    })
  })

  it.each([
    ["an empty sub, which is an anonymous client", { sub: "" }],
    ["an audience among others", { aud: ["billing", "weir"] }],
    ["a sub of 128 bytes", { sub: "é".repeat(64) }],
    ["a life of exactly 24 h", { iat: now, exp: now + day }],
    ["an issuer's clock that is 30 s ahead", { iat: now + 30, nbf: now + 30 }],
    ["a token that ended less than 30 s ago", { exp: now - 29 }],
    ["claims it does not know", { scope: "openid", capabilities: {} }]
  ])("accepts %s", (_title, changes) => {
    assert.notInstanceOf(judge(changes), Failure)
  })

  it("gives no capabilities to a token that names none", () => {
    const identity = without("capabilities")
    assert.notInstanceOf(identity, Failure)
    assert.deepStrictEqual(identity.capabilities, [])
    assert.strictEqual(identity.tokenId, "")
  })

  it("lets a token subscribe to what it names, and takes nothing away by that", () => {
    const identity = judge({
      capabilities: { "user:*": ["publish"], "chat:*": ["subscribe"], "news:a": [] },
      subscriptions: ["user:ann", "chat:a", "news:a", "user:ann"]
    })

    assert.notInstanceOf(identity, Failure)
    assert.deepStrictEqual(identity.subscriptions, ["user:ann", "chat:a", "news:a"])
    assert.deepStrictEqual(identity.capabilities, [
      { pattern: "user:*", verbs: ["publish"] },
      { pattern: "chat:*", verbs: ["subscribe"] },
      { pattern: "user:ann", verbs: ["publish", "subscribe"] },
      { pattern: "news:a", verbs: ["subscribe"] }
    ])
  })

  const subscriptions = "token: subscriptions is not an array of at most 32 channel names"
  const sub = "token: sub is not text of at most 128 bytes without control characters"
  const jti = "token: jti is not text of at most 128 bytes without control characters"
  const capabilities = "token: capabilities is not an object of channel patterns and known verbs"
  it.each([
    [
      "another issuer",
      { iss: "https://id.example.com/" },
      "token: iss is not https://id.example.com"
    ],
    [
      "an issuer that is a list",
      { iss: [expected.issuer] },
      "token: iss is not https://id.example.com"
    ],
    ["another audience", { aud: "Weir" }, "token: aud is not weir"],
    ["an audience that only contains the text", { aud: "weird" }, "token: aud is not weir"],
    ["a list without the audience", { aud: ["weird", 1] }, "token: aud is not weir"],
    ["an iat that is text", { iat: String(now) }, "token: iat is not an integer"],
    ["a fractional exp", { exp: now + 0.5 }, "token: exp is not an integer"],
    [
      "an exp that JSON cannot hold",
      { exp: Number.POSITIVE_INFINITY },
      "token: exp is not an integer"
    ],
    ["an end before the beginning", { iat: now, exp: now }, "token: exp is not after iat"],
    [
      "a life of more than 24 h",
      { iat: now, exp: now + day + 1 },
      "token: exp is more than 24 h after iat"
    ],
    ["an iat in the future", { iat: now + 31 }, "token: iat is in the future"],
    ["an nbf in the future", { nbf: now + 31 }, "token: nbf is in the future"],
    ["an nbf that is text", { nbf: "now" }, "token: nbf is not an integer"],
    ["a token that ended 30 s ago", { exp: now - 30 }, "token: expired"],
    ["a sub that is a number", { sub: 7 }, sub],
    ["a sub of 129 bytes", { sub: `${"é".repeat(64)}a` }, sub],
    ["a sub with a line break", { sub: "ann\nadmin" }, sub],
    ["a sub that is half a character, which UTF-8 cannot carry", { sub: "ann\ud800" }, sub],
    ["a jti of 129 bytes", { jti: "t".repeat(129) }, jti],
    ["a jti that is null", { jti: null }, jti],
    ["capabilities in a list", { capabilities: ["chat:*"] }, capabilities],
    ["an unknown verb", { capabilities: { "chat:*": ["admin"] } }, capabilities],
    ["a star in the middle", { capabilities: { "chat:*:x": ["publish"] } }, capabilities],
    ["subscriptions that are text", { subscriptions: "user:ann" }, subscriptions],
    ["a subscription to no channel", { subscriptions: ["ann"] }, subscriptions],
    ["33 subscriptions", { subscriptions: Array(33).fill("user:ann") }, subscriptions]
  ])("refuses %s", (_title, changes, message) => {
    assert.strictEqual(messageOf(judge(changes)), message)
  })

  it.each(["iss", "aud", "sub", "iat", "exp"] as const)("refuses a token without %s", (claim) => {
    assert.match(messageOf(without(claim)), new RegExp(`^token: ${claim} is not`))
  })

  it.each([[null], ["ann"], [[good]], [undefined]])("refuses %j for claims", (claims) => {
    assert.strictEqual(
      messageOf(identify(claims, expected, now * 1000)),
      "token: the claims are not an object"
    )
  })

  it("calls only the end of a good token expired, since only that a newer one cures", () => {
    const late = judge({ exp: now - 30 })
    const lateAndForeign = judge({ exp: now - 30, aud: "billing" })
    assert.instanceOf(late, Failure)
    assert.instanceOf(lateAndForeign, Failure)
    assert.deepStrictEqual([isExpired(late), isExpired(lateAndForeign)], [true, false])
  })
})
