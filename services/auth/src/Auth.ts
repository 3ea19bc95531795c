/**
 * Auth: decides who a token is, and holds what connectors need to judge tickets
 * by themselves.
 *
 * All it knows is in memory: the keys of the configuration, two ticket keys and,
 * in development, one signing key. These last three are new in every process.
 */
import { randomBytes, randomUUID } from "node:crypto"
import type { IssuerSettings, Settings } from "@weir/config/Settings"
import { verbs } from "@weir/core/Capability"
import { Failure, failure } from "@weir/core/Failure"
import type { Identity } from "@weir/core/Identity"
import { Clock, Context, Effect, Layer, type Stream, SubscriptionRef } from "effect"
import { FetchHttpClient } from "effect/http"
import { authChecks } from "./AuthMetrics.ts"
import { rotated, type TicketKey, type TicketKeys, ticketSecretBytes } from "./domain/TicketKeys.ts"
import { identify, isExpired } from "./domain/TokenRules.ts"
import { eitherKeys, fixedKeys, type Keyring, makeKeyring } from "./Keys.ts"
import * as PublishedKeys from "./PublishedKeys.ts"
import { claimedIssuer, sign, verify } from "./SignedToken.ts"
import { importKey, secretKey } from "./TokenKey.ts"

export type AuthSettings = Pick<Settings, "auth" | "development" | "namespaces">

/** A day at a desk. */
const developmentTokenSeconds = 12 * 60 * 60

/** An issuer that answers with another address does not choose where we go. */
const issuersClient = FetchHttpClient.layer.pipe(
  Layer.provide(Layer.succeed(FetchHttpClient.RequestInit, { redirect: "error" }))
)

export class Auth extends Context.Service<
  Auth,
  {
    /** Fails with `unauthenticated`; the message says which rule the token breaks. */
    readonly authenticate: (token: string) => Effect.Effect<Identity, Failure>
    /** A token for everything in the configured namespaces; `permission_denied` outside development. */
    readonly issueDevelopmentToken: (
      user: string,
      subscriptions?: ReadonlyArray<string>
    ) => Effect.Effect<string, Failure>
    /** The ticket keys now, then after every change. */
    readonly trust: Stream.Stream<TicketKeys>
    /** Puts a new ticket key first and lets the older of the two go. */
    readonly rotateTicketKeys: Effect.Effect<void>
  }
>()("weir/auth/Auth") {
  static readonly layer = (settings: AuthSettings): Layer.Layer<Auth> =>
    Layer.effect(Auth, make(settings)).pipe(Layer.provide(issuersClient))
}

const randomId = (): string => randomBytes(9).toString("base64url")

const newTicketKey = (): TicketKey => ({ id: randomId(), secret: randomBytes(ticketSecretBytes) })

const make = Effect.fnUntraced(function* ({ auth, development, namespaces }: AuthSettings) {
  const { others = [] } = auth
  // A defect, since the configuration was checked before anything started.
  const configured = yield* Effect.orDie(Effect.forEach(auth.keys, importKey))
  const own = development
    ? yield* secretKey(`development-${randomId()}`, new Uint8Array(randomBytes(32)))
    : undefined
  const keyring = makeKeyring(configured, own === undefined ? [] : [own])
  if (keyring.byId.size === 0 && auth.jwks === undefined && others.length === 0) {
    yield* Effect.logWarning("auth.keys is empty: every token will be refused")
  }
  const rules = [...namespaces.values()].flatMap((it) => it.rules)
  const issuer = Effect.fnUntraced(function* (
    { audience, issuer, jwks }: IssuerSettings,
    keyring: Keyring
  ) {
    const keys =
      jwks === undefined ? fixedKeys(keyring) : eitherKeys(keyring, yield* PublishedKeys.make(jwks))
    return { keys, expected: { issuer, audience, rules } }
  })
  const first = yield* issuer(auth, keyring)
  const issuers = new Map([[auth.issuer, first]])
  for (const other of others) {
    const ring = makeKeyring(yield* Effect.orDie(Effect.forEach(other.keys, importKey)))
    issuers.set(other.issuer, yield* issuer(other, ring))
  }
  const ticketKeys = yield* SubscriptionRef.make<TicketKeys>([newTicketKey(), newTicketKey()])

  const authenticate = Effect.fnUntraced(function* (token: string) {
    // Of an unknown issuer, or of none that can be read, the first one's rules say what is wrong.
    const { expected, keys } = issuers.get(claimedIssuer(token) ?? "") ?? first
    const claims = yield* verify(keys, token)
    const identity = identify(claims, expected, yield* Clock.currentTimeMillis)
    return identity instanceof Failure ? yield* identity : identity
  })

  const issueDevelopmentToken = Effect.fnUntraced(function* (
    user: string,
    subscriptions: ReadonlyArray<string> = []
  ) {
    if (own === undefined) {
      return yield* failure(
        "permission_denied",
        "this node does not run with the development identity"
      )
    }
    const iat = Math.floor((yield* Clock.currentTimeMillis) / 1000)
    return yield* sign(own, {
      iss: auth.issuer,
      aud: auth.audience,
      sub: user,
      jti: randomUUID(),
      iat,
      exp: iat + developmentTokenSeconds,
      capabilities: Object.fromEntries([...namespaces.keys()].map((name) => [`${name}:*`, verbs])),
      ...(subscriptions.length === 0 ? {} : { subscriptions })
    })
  })

  return Auth.of({
    authenticate: (token) =>
      authenticate(token).pipe(
        Effect.tap(() => Effect.sync(() => authChecks.ok.add())),
        Effect.tapError((refused) =>
          Effect.sync(() => authChecks[isExpired(refused) ? "expired" : "invalid"].add())
        )
      ),
    issueDevelopmentToken,
    trust: SubscriptionRef.changes(ticketKeys),
    rotateTicketKeys: SubscriptionRef.update(ticketKeys, (keys) => rotated(keys, newTicketKey()))
  })
})
