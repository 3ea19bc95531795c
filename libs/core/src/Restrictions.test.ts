import { assert, describe, it } from "@effect/vitest"
import { Failure } from "./Failure.ts"
import {
  makeRestriction,
  type RestrictionKind,
  restrictionId,
  type TargetType
} from "./Restriction.ts"
import { Restrictions, type Standing } from "./Restrictions.ts"

const now = 1_800_000_000_000

const restriction = (kind: RestrictionKind, type: TargetType, value: string, more = {}) => {
  const made = makeRestriction(
    { kind, target: { type, value }, forMs: 0, issuedBefore: 0, reason: "", ...more },
    now
  )
  if (made instanceof Failure) throw made
  return made
}

const holding = (...all: ReadonlyArray<ReturnType<typeof restriction>>) => {
  const restrictions = new Restrictions()
  for (const it of all) restrictions.put(it)
  return restrictions
}

const ann: Standing = {
  user: "ann",
  tokenId: "t-1",
  sessionId: "connector-1.secret",
  publicName: "Xy12",
  issuedAt: now - 1_000,
  address: "192.0.2.7"
}

const sentence = (who: Partial<Standing>, ...all: ReadonlyArray<ReturnType<typeof restriction>>) =>
  holding(...all).judge({ ...ann, ...who })

describe("Restrictions", () => {
  it("let everybody be where there are none", () => {
    assert.isUndefined(sentence({}))
  })

  it.each([
    ["a user", restriction("ban", "user", "ann"), { user: "bob" }, "banned"],
    ["an address", restriction("ban", "address", "192.0.2.7"), { address: "192.0.2.8" }, "banned"],
    ["a range", restriction("ban", "address", "192.0.0.0/16"), { address: "192.1.2.7" }, "banned"],
    [
      "an IPv4 peer of a listener for both",
      restriction("ban", "address", "192.0.2.7"),
      { address: "::ffff:192.0.2.8" },
      "banned"
    ],
    [
      "the tokens of a user",
      restriction("revoke", "user", "ann"),
      { issuedAt: now + 1 },
      "revoked"
    ],
    [
      "everybody's tokens",
      restriction("revoke", "everybody", ""),
      { issuedAt: now + 1 },
      "revoked"
    ],
    ["a token", restriction("revoke", "token", "t-1"), { tokenId: "t-2" }, "revoked"],
    [
      "a session by its id",
      restriction("revoke", "session", "connector-1.secret"),
      { sessionId: "other" },
      "revoked"
    ],
    [
      "a session by its name",
      restriction("revoke", "session", "Xy12"),
      { publicName: "other" },
      "revoked"
    ]
  ] as const)("concern %s, and nobody else", (_title, it, other, said) => {
    assert.strictEqual(sentence({}, it), said)
    assert.isUndefined(sentence(other, it))
  })

  it("concern IPv6 by the /64 that a customer has", () => {
    const list = holding(restriction("ban", "address", "2001:db8:0:1::5"))
    assert.isTrue(list.isBanned("2001:db8:0:1:ffff::9"))
    assert.isFalse(list.isBanned("2001:db8:0:2::5"))
  })

  it("concern nobody without a name by an empty one", () => {
    const list = holding(restriction("ban", "user", "ann"), restriction("revoke", "token", "t"))
    assert.isUndefined(list.judge({ ...ann, user: "", tokenId: "", address: "" }))
  })

  it("take the right to speak and no more", () => {
    const list = holding(restriction("mute", "user", "ann"), restriction("mute", "session", "Ab"))
    assert.isUndefined(list.judge(ann))
    assert.strictEqual(list.muted(ann)?.target.value, "ann")
    assert.strictEqual(list.muted({ ...ann, user: "bob", publicName: "Ab" })?.target.value, "Ab")
    assert.isUndefined(list.muted({ ...ann, user: "bob" }))
  })

  it("hold one of a kind for a target: the last", () => {
    const list = holding(
      restriction("ban", "user", "ann", { forMs: 1_000 }),
      restriction("ban", "user", "ann", { forMs: 9_000 })
    )
    assert.deepStrictEqual(
      [...list.values()].map(({ until }) => until - now),
      [9_000]
    )
  })

  it("hold until they are lifted or over, a range like the others", () => {
    const range = restriction("ban", "address", "192.0.0.0/16", { forMs: 1_000 })
    const list = holding(range, restriction("ban", "address", "10.0.0.0/8"))
    assert.isTrue(list.isBanned("10.1.1.1"))

    assert.isTrue(list.lift("ban address 10.0.0.0/8"))
    assert.isFalse(list.lift("ban address 10.0.0.0/8"))
    assert.deepStrictEqual([list.isBanned("10.1.1.1"), list.isBanned("192.0.2.7")], [false, true])
    assert.deepStrictEqual(list.expire(now + 999), [])
    assert.deepStrictEqual(list.expire(now + 1_000), [restrictionId(range)])
    assert.deepStrictEqual([list.isBanned("192.0.2.7"), list.size], [false, 0])
  })
})
