import { assert, describe, it } from "@effect/vitest"
import { makeNamespace } from "@weir/core/Namespace"
import { Effect, type Scope } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { TestClock } from "effect/testing"
import { Auth } from "./Auth.ts"
import { goodClaims, makeIssuer } from "./Issuer.fixture.ts"

const issuer = makeIssuer("ES256")

const settings = (development: boolean) => ({
  auth: { issuer: "https://id.example.com", audience: "weir", keys: [issuer.settings] },
  development,
  namespaces: new Map(["chat", "live", "state"].map((name) => [name, makeNamespace(name)]))
})

const within = <A, E>(
  effect: Effect.Effect<A, E, Auth | Scope.Scope>,
  { development = false } = {}
) => effect.pipe(Effect.provide(Auth.layer(settings(development))))

const countOf = (result: string) =>
  Effect.map(PrometheusMetrics.format(), (text) => {
    const line = text
      .split("\n")
      .find((it) => it.startsWith(`weir_auth_checks_total{result="${result}"}`))
    assert.isDefined(line, `no count of ${result}`)
    return Number(line.split(" ")[1])
  })

describe("Auth", () => {
  it.effect("knows a token while it lives, and calls it expired afterwards", () =>
    within(
      Effect.gen(function* () {
        const { authenticate } = yield* Auth
        yield* TestClock.setTime(1_800_000_000_000)
        const token = issuer.token(goodClaims(1_800_000_000_000))

        assert.strictEqual((yield* authenticate(token)).user, "ann")
        yield* TestClock.adjust("1 hour")
        assert.strictEqual((yield* authenticate(token)).user, "ann")
        yield* TestClock.adjust("30 seconds")
        const refused = yield* Effect.flip(authenticate(token))

        assert.deepStrictEqual(
          [refused.code, refused.message],
          ["unauthenticated", "token: expired"]
        )
      })
    )
  )

  it.effect(
    "takes the word of each issuer for its own users, by its own keys and audience alone",
    () => {
      const partner = makeIssuer("EdDSA")
      const other = {
        ...{ issuer: "https://partner.example.com", audience: "weir-partner" },
        keys: [partner.settings]
      }
      const both = { ...settings(false).auth, others: [other] }
      return Effect.gen(function* () {
        const { authenticate } = yield* Auth
        const now = 1_800_000_000_000
        yield* TestClock.setTime(now)
        const theirs = { iss: other.issuer, aud: other.audience }
        assert.strictEqual((yield* authenticate(issuer.token(goodClaims(now)))).user, "ann")
        assert.strictEqual(
          (yield* authenticate(partner.token(goodClaims(now, theirs)))).user,
          "ann"
        )

        // The same `kid` is of another key with each of them.
        const refused = yield* Effect.forEach(
          [
            partner.token(goodClaims(now)),
            issuer.token(goodClaims(now, theirs)),
            partner.token(goodClaims(now, { iss: other.issuer })),
            issuer.token(goodClaims(now, { iss: "https://nobody.example.com" }))
          ],
          (token) => Effect.map(Effect.flip(authenticate(token)), ({ message }) => message)
        )
        assert.deepStrictEqual(refused, [
          "token: alg is not the algorithm of its key",
          "token: alg is not the algorithm of its key",
          "token: aud is not weir-partner",
          "token: iss is not https://id.example.com"
        ])
      }).pipe(Effect.provide(Auth.layer({ ...settings(false), auth: both })))
    }
  )

  it.effect("counts good, expired and invalid tokens apart", () =>
    within(
      Effect.gen(function* () {
        const { authenticate } = yield* Auth
        const before = yield* Effect.forEach(["ok", "expired", "invalid"], countOf)
        yield* TestClock.setTime(1_800_000_000_000)
        for (const token of [
          issuer.token(goodClaims(1_800_000_000_000)),
          issuer.token(goodClaims(1_700_000_000_000)),
          issuer.token(goodClaims(1_700_000_000_000)),
          issuer.token(goodClaims(1_800_000_000_000, { aud: "billing" })),
          "garbage",
          ""
        ]) {
          yield* Effect.exit(authenticate(token))
        }
        const after = yield* Effect.forEach(["ok", "expired", "invalid"], countOf)
        assert.deepStrictEqual(
          after.map((count, i) => count - before[i]!),
          [1, 2, 3]
        )
      })
    )
  )

  it.effect("issues development tokens for everything in the namespaces, for 12 hours", () =>
    within(
      Effect.gen(function* () {
        const { authenticate, issueDevelopmentToken } = yield* Auth
        yield* TestClock.setTime(1_800_000_000_000)
        const token = yield* issueDevelopmentToken("bob")

        const { tokenId, ...identity } = yield* authenticate(token)
        const verbs = ["subscribe", "publish", "history", "presence", "signal"] as const
        assert.deepStrictEqual(identity, {
          user: "bob",
          issuedAt: 1_800_000_000_000,
          expiresAt: 1_800_043_200_000,
          capabilities: ["chat:*", "live:*", "state:*"].map((pattern) => ({ pattern, verbs }))
        })
        assert.notStrictEqual(tokenId, "")
      }),
      { development: true }
    )
  )

  it.effect("refuses another process's development token", () =>
    Effect.gen(function* () {
      const token = yield* within(
        Effect.flatMap(Auth, ({ issueDevelopmentToken }) => issueDevelopmentToken("bob")),
        { development: true }
      )
      const refused = yield* within(
        Effect.flip(Effect.flatMap(Auth, ({ authenticate }) => authenticate(token))),
        { development: true }
      )
      assert.strictEqual(refused.message, "token: kid names no accepted key")
    })
  )

  it.effect("issues no development token outside development", () =>
    within(
      Effect.gen(function* () {
        const { issueDevelopmentToken } = yield* Auth
        const refused = yield* Effect.flip(issueDevelopmentToken("bob"))
        assert.strictEqual(refused.code, "permission_denied")
      })
    )
  )

  it.effect("does not start on a key that is none", () =>
    Effect.gen(function* () {
      const keys = [{ id: "k1", algorithm: "RS256" as const, publicKey: "nonsense" }]
      const start = Effect.provide(
        Auth,
        Auth.layer({ ...settings(false), auth: { ...settings(false).auth, keys } })
      )
      const defect = yield* Effect.flip(Effect.catchDefect(start, Effect.fail))
      assert.include(String(defect), "the publicKey is no PEM (SPKI) key for RS256")
    })
  )
})
