import { assert, describe, it } from "@effect/vitest"
import { allowedBy, mistakeInRule } from "./AccessRule.ts"
import type { Verb } from "./Capability.ts"

const rule = (pattern: string, ...verbs: ReadonlyArray<Verb>) => ({ pattern, verbs })

const rules = [
  rule("user:{sub}", "subscribe"),
  rule("org:{claims.org}:*", "subscribe", "publish"),
  rule("team:{claims.org}-{claims.team}", "history"),
  rule("news:*", "subscribe")
]

describe("access rules", () => {
  it("give people what is theirs, by the claims of their token", () => {
    assert.deepStrictEqual(allowedBy(rules, { sub: "ann", org: "acme", team: 7 }), [
      { pattern: "user:ann", verbs: ["subscribe"] },
      { pattern: "org:acme:*", verbs: ["subscribe", "publish"] },
      { pattern: "team:acme-7", verbs: ["history"] },
      { pattern: "news:*", verbs: ["subscribe"] }
    ])
  })

  it("give nothing where a claim is missing, and all that several say of one pattern", () => {
    const both = [...rules, rule("news:*", "history"), rule("user:ann", "publish")]
    assert.deepStrictEqual(allowedBy(both, { sub: "ann" }), [
      { pattern: "user:ann", verbs: ["subscribe", "publish"] },
      { pattern: "news:*", verbs: ["subscribe", "history"] }
    ])
  })

  it("take nothing away from one another", () => {
    const narrow = [...rules, rule("org:acme:{sub}", "history")]
    assert.deepInclude(allowedBy(narrow, { sub: "ann", org: "acme" }), {
      pattern: "org:acme:ann",
      verbs: ["subscribe", "publish", "history"]
    })
  })

  it.each([
    [""],
    ["*"],
    ["a*"],
    ["acme:hr"],
    ["a\nb"],
    ["\ud800"],
    ["x".repeat(129)],
    [["acme"]],
    [{ toString: "acme" }],
    [1.5],
    [true],
    [null]
  ])("take no %j for a name that could be in a channel", (org) => {
    assert.deepStrictEqual(allowedBy([rules[1]!], { org }), [])
  })

  it.each(["constructor", "__proto__", "toString"])(
    "read no claim %s that no token has",
    (name) => {
      assert.deepStrictEqual(
        allowedBy([rule(`user:{claims.${name}}`, "subscribe")], { sub: "a" }),
        []
      )
    }
  )

  it("are of their namespace, with placeholders that are known and a star at the end", () => {
    assert.isUndefined(mistakeInRule("org", "org:{claims.org}:{sub}:*"))
    assert.strictEqual(mistakeInRule("org", "user:{sub}"), "must begin with org:")
    assert.match(mistakeInRule("org", "org:{name}")!, /^placeholders are/)
    assert.match(mistakeInRule("org", "org:{claims.a b}")!, /^placeholders are/)
    assert.match(mistakeInRule("org", "org:*:{sub}")!, /^\* may only/)
  })
})
