/**
 * Keys: where the key is that a token names, whoever keeps it.
 */
import type { Failure } from "@weir/core/Failure"
import { Effect } from "effect"
import { invalidToken } from "./domain/TokenRules.ts"
import type { TokenKey } from "./TokenKey.ts"

export interface Keys {
  /** Of a token without `kid`: undefined. */
  readonly find: (kid: string | undefined) => Effect.Effect<TokenKey, Failure>
}

export interface Keyring {
  readonly byId: ReadonlyMap<string, TokenKey>
  /** Tried for a token that names no key: there is nothing to choose from. */
  readonly onlyConfigured: TokenKey | undefined
}

/** `own` keys are accepted as well, but only by name. */
export const makeKeyring = (
  configured: ReadonlyArray<TokenKey>,
  own: ReadonlyArray<TokenKey> = []
): Keyring => ({
  byId: new Map([...configured, ...own].map((key) => [key.id, key])),
  onlyConfigured: configured.length === 1 ? configured[0] : undefined
})

/** Those of a keyring that does not change. */
export const fixedKeys = ({ byId, onlyConfigured }: Keyring): Keys => ({
  find: (kid) => {
    const key = kid === undefined ? onlyConfigured : byId.get(kid)
    if (key !== undefined) return Effect.succeed(key)
    return Effect.fail(
      invalidToken(kid === undefined ? "kid is missing" : "kid names no accepted key")
    )
  }
})

/** Those of the configuration first, so that the other ones cannot take their names. */
export const eitherKeys = (first: Keyring, other: Keys): Keys => ({
  find: (kid) => {
    const key = kid === undefined ? undefined : first.byId.get(kid)
    return key === undefined ? other.find(kid) : Effect.succeed(key)
  }
})
