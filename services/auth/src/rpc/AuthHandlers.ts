/**
 * AuthHandlers: the mesh's door to Auth.
 *
 * A stream of checks is answered in parts, each when it is done: a check that
 * takes long holds up those of its own part and no others.
 */
import { type Failure, failure } from "@weir/core/Failure"
import { implement } from "@weir/grpc/Handlers"
import {
  AuthServiceDefinition,
  type TokenCheck,
  type TokenVerdict,
  type WatchTrustResponse
} from "@weir/proto/mesh/v1/auth"
import { Array as Arr, Effect, Stream } from "effect"
import { Auth } from "../Auth.ts"
import type { TicketKeys } from "../domain/TicketKeys.ts"
import { isName, maxNameBytes, maxSubscriptions, readSubscriptions } from "../domain/TokenRules.ts"

/** Keeps an answer below the caller's limit, however many checks came in one request. */
const checksPerPart = 64

/** Past this the stream is not read, and the caller's writes wait. */
const partsAtOnce = 8

const refusal = (id: number, { code, message, retryAfterMs }: Failure): TokenVerdict => ({
  id,
  verdict: { $case: "failure", value: { code, message, retryAfterMs } }
})

const judge =
  (auth: Auth["Service"]) =>
  ({ id, token }: TokenCheck): Effect.Effect<TokenVerdict> =>
    auth.authenticate(token).pipe(
      Effect.match({
        onFailure: (refused) => refusal(id, refused),
        onSuccess: (identity): TokenVerdict => ({
          id,
          verdict: {
            $case: "identity",
            value: {
              ...identity,
              subscriptions: [...(identity.subscriptions ?? [])],
              capabilities: identity.capabilities.map(({ pattern, verbs }) => ({
                pattern,
                verbs: [...verbs]
              }))
            }
          }
        })
      }),
      // One client's token must not end the stream that carries everybody's. The
      // defect itself is not logged, because it may quote the token.
      Effect.catchDefect(() =>
        Effect.as(
          Effect.logError("a token check died"),
          refusal(id, failure("internal", "internal error"))
        )
      )
    )

const toResponse = (keys: TicketKeys): WatchTrustResponse => ({
  ticketKeys: keys.map(({ id, secret }) => ({ id, secret })),
  revocations: []
})

const mistakeIn = (user: string, subscriptions: ReadonlyArray<string>): string | undefined => {
  if (user === "" || !isName(user)) {
    return `user: must be text of 1 to ${maxNameBytes} bytes without control characters`
  }
  return readSubscriptions(subscriptions) === undefined
    ? `subscriptions: must be at most ${maxSubscriptions} channel names`
    : undefined
}

export const authHandlers = Effect.map(Auth, (auth) =>
  implement(AuthServiceDefinition, {
    authenticate: ({ inbound, writeAll }) =>
      inbound.pipe(
        Stream.map(({ checks }) => Arr.chunksOf(checks, checksPerPart)),
        Stream.flattenIterable,
        Stream.mapEffect(Effect.forEach(judge(auth), { concurrency: checksPerPart }), {
          concurrency: partsAtOnce,
          unordered: true
        }),
        Stream.runForEach((verdicts) => writeAll([{ verdicts }]))
      ),
    watchTrust: () => Stream.map(auth.trust, toResponse),
    issueDevelopmentToken: ({ subscriptions, user }) => {
      const mistake = mistakeIn(user, subscriptions)
      return mistake === undefined
        ? Effect.map(auth.issueDevelopmentToken(user, subscriptions), (token) => ({ token }))
        : Effect.fail(failure("bad_request", mistake))
    }
  })
)
