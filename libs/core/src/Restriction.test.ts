import { assert, describe, it } from "@effect/vitest"
import { Failure } from "./Failure.ts"
import {
  canonicalRange,
  makeRestriction,
  type Restricting,
  type TargetType
} from "./Restriction.ts"

const now = 1_800_000_000_000

const make = (
  kind: Restricting["kind"],
  type: TargetType,
  value: string,
  more: Partial<Restricting> = {}
) =>
  makeRestriction(
    { kind, target: { type, value }, forMs: 0, issuedBefore: 0, reason: "", ...more },
    now
  )

const refusal = (made: ReturnType<typeof make>): string => {
  assert.instanceOf(made, Failure)
  return `${made.code}: ${made.message}`
}

describe("a restriction", () => {
  it("begins now, and lasts as long as anybody needs it", () => {
    const day = 24 * 60 * 60 * 1_000
    const ends = (["revoke", "kick"] as const).map((kind) => {
      const made = make(kind, "user", "ann")
      assert.notInstanceOf(made, Failure)
      assert.strictEqual(made.at, now)
      return made.until - now
    })
    assert.deepStrictEqual(ends, [day + 60_000, 600_000])

    const banned = make("ban", "user", "ann", { forMs: 1_000, reason: "spam" })
    assert.deepStrictEqual(banned, {
      ...{ kind: "ban", target: { type: "user", value: "ann" } },
      ...{ at: now, until: now + 1_000, reason: "spam" }
    })
  })

  it("revokes tokens that were issued up to a moment of the past", () => {
    const made = make("revoke", "everybody", "", { issuedBefore: now - 5 })
    assert.notInstanceOf(made, Failure)
    assert.deepStrictEqual([made.at, made.until > now], [now - 5, true])
  })

  it.each([
    [
      "a ban of a session",
      make("ban", "session", "s"),
      "target: ban is of user, address, not of session"
    ],
    [
      "a mute of an address",
      make("mute", "address", "10.0.0.1"),
      "target: mute is of user, session, not of address"
    ],
    ["a user without a name", make("ban", "user", ""), "user: must be text of 1 to 256 bytes"],
    [
      "a user with a line break",
      make("ban", "user", "a\nb"),
      "user: must be text of 1 to 256 bytes"
    ],
    [
      "a user of 257 bytes",
      make("ban", "user", "u".repeat(257)),
      "user: must be text of 1 to 256 bytes"
    ],
    ["everybody with a name", make("revoke", "everybody", "ann"), "everybody: has no value"],
    [
      "what is no address",
      make("ban", "address", "localhost"),
      "address: must be one such as 192.0.2.7, or a range such as 10.0.0.0/8"
    ],
    [
      "all addresses",
      make("ban", "address", "0.0.0.0/0"),
      "address: must be one such as 192.0.2.7, or a range such as 10.0.0.0/8"
    ],
    ["a kick for a time", make("kick", "user", "ann", { forMs: 1 }), "kick: has no duration"],
    [
      "tokens of the future",
      make("revoke", "user", "ann", { issuedBefore: now + 1 }),
      "issued_before: must not lie in the future"
    ],
    [
      "a ban of tokens",
      make("ban", "user", "ann", { issuedBefore: 1 }),
      "issued_before: only where tokens are revoked"
    ],
    [
      "a long reason",
      make("ban", "user", "ann", { reason: "r".repeat(257) }),
      "reason: must be text of at most 256 bytes"
    ]
  ])("refuses %s", (_title, made, message) => {
    assert.strictEqual(refusal(made), `bad_request: ${message}`)
  })
})

describe("a range of addresses", () => {
  it.each([
    ["192.0.2.7", "192.0.2.7/32"],
    ["::ffff:192.0.2.7", "192.0.2.7/32"],
    ["10.0.0.0/8", "10.0.0.0/8"],
    ["2001:DB8:0:0::1", "2001:db8::1/64"],
    ["2001:db8::/32", "2001:db8::/32"],
    ["::1/128", "::1/128"]
  ])("is known as the kernel writes it: %s", (text, canonical) => {
    assert.strictEqual(canonicalRange(text), canonical)
  })

  it.each([
    "",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/8/8",
    "fe80::1%eth0",
    "10.0.0",
    "a/8",
    "::/129",
    "10.0.0.0/"
  ])("is not %s", (text) => {
    assert.isUndefined(canonicalRange(text))
  })
})
