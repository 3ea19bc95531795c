/**
 * PublishedKeys: the keys that an issuer publishes at an address (RFC 7517), as they change.
 *
 * The address is the configuration's; no token chooses it. Asked for again when they are ten
 * minutes old, behind the tokens that are judged with them, and when a token names a key that is
 * not among them; but never within 30 s of the last try, so that tokens with made-up names cost
 * the issuer nothing. While it does not answer, what is known is good for a day.
 */
import { type Failure, failure } from "@weir/core/Failure"
import { Clock, Duration, Effect, Ref, type Scope, Semaphore, Stream } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import type { JWK } from "jose"
import { publishedKeyFetches } from "./AuthMetrics.ts"
import { invalidToken } from "./domain/TokenRules.ts"
import type { Keys } from "./Keys.ts"
import { importPublished, type TokenKey } from "./TokenKey.ts"

const timeout = "5 seconds"
const freshMs = Duration.toMillis("10 minutes")
const cooldownMs = Duration.toMillis("30 seconds")
const staleMs = Duration.toMillis("24 hours")
const maxBytes = 64 * 1024
const maxKeys = 32

interface Known {
  readonly byId: ReadonlyMap<string, TokenKey>
  readonly fetchedAt: number
  readonly triedAt: number
}

const never = Number.NEGATIVE_INFINITY
const unread: Known = { byId: new Map(), fetchedAt: never, triedAt: never }

const bounded = Effect.fnUntraced(function* <E>(body: Stream.Stream<Uint8Array, E>) {
  const chunks: Array<Uint8Array> = []
  let bytes = 0
  yield* Stream.runForEach(body, (chunk) => {
    bytes += chunk.byteLength
    chunks.push(chunk)
    return bytes <= maxBytes ? Effect.void : Effect.fail(`more than ${maxBytes} bytes`)
  })
  return Buffer.concat(chunks).toString()
})

const keysIn = (text: string): ReadonlyArray<JWK> | string => {
  try {
    const { keys } = JSON.parse(text) as { readonly keys?: unknown }
    if (!Array.isArray(keys)) return "it has no keys"
    return keys.length > maxKeys ? `more than ${maxKeys} keys` : keys
  } catch {
    return "it is not JSON"
  }
}

/** The keys at `url`, asked for from the start on. */
export const make = Effect.fnUntraced(function* (
  url: string
): Effect.fn.Return<Keys, never, HttpClient.HttpClient | Scope.Scope> {
  const client = yield* HttpClient.HttpClient
  const scope = yield* Effect.scope
  const known = yield* Ref.make(unread)
  const oneAtATime = yield* Semaphore.make(1)

  const fetchKeys = Effect.gen(function* () {
    const response = yield* client.execute(
      HttpClientRequest.get(url, { headers: { accept: "application/json" } })
    )
    if (response.status !== 200) return yield* Effect.fail(`status ${response.status}`)
    const keys = keysIn(yield* bounded(response.stream))
    if (typeof keys === "string") return yield* Effect.fail(keys)
    const usable = new Map<string, TokenKey>()
    for (const jwk of keys) {
      const key = yield* importPublished(jwk)
      if (key !== undefined && !usable.has(key.id)) usable.set(key.id, key)
    }
    return usable.size === 0 ? yield* Effect.fail("none of its keys can be used") : usable
  }).pipe(Effect.timeout(timeout), Effect.scoped)

  /** Unless somebody else has just tried. */
  const refresh = oneAtATime.withPermits(1)(
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const before = yield* Ref.get(known)
      if (now - before.triedAt < cooldownMs) return
      yield* Ref.set(known, { ...before, triedAt: now })
      const byId = yield* fetchKeys
      yield* Ref.set(known, { byId, fetchedAt: now, triedAt: now })
      publishedKeyFetches("ok").add()
    }).pipe(
      Effect.catch((why) => {
        publishedKeyFetches("failed").add()
        return Effect.logWarning("an issuer's keys could not be read", { url, why: String(why) })
      })
    )
  )

  const keyNow = Effect.fnUntraced(function* (kid: string) {
    const { byId, fetchedAt } = yield* Ref.get(known)
    const age = (yield* Clock.currentTimeMillis) - fetchedAt
    return { key: age > staleMs ? undefined : byId.get(kid), age }
  })

  const find = Effect.fnUntraced(function* (
    kid: string | undefined
  ): Effect.fn.Return<TokenKey, Failure> {
    if (kid === undefined) return yield* invalidToken("kid is missing")
    const first = yield* keyNow(kid)
    if (first.key !== undefined) {
      if (first.age > freshMs) yield* Effect.forkIn(refresh, scope)
      return first.key
    }
    yield* refresh
    const second = yield* keyNow(kid)
    if (second.key !== undefined) return second.key
    return yield* second.age > staleMs
      ? failure("unavailable", "the issuer's keys cannot be read now", 1_000)
      : invalidToken("kid names no accepted key")
  })

  yield* Effect.forkScoped(refresh)
  return { find }
})
