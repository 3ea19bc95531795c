/**
 * AuthHandlers: the mesh's door to Auth.
 *
 * A stream of checks is answered in parts, each when it is done: a check that
 * takes long holds up those of its own part and no others.
 */
import { type Failure, failure } from "@weir/core/Failure"
import { partsOfId } from "@weir/core/Restriction"
import { implement } from "@weir/grpc/Handlers"
import { toMessage as toRestrictionMessage } from "@weir/mesh/RestrictionMessages"
import {
  AuthServiceDefinition,
  type RestrictionChanges,
  type TokenCheck,
  type TokenVerdict,
  type WatchTrustResponse
} from "@weir/proto/mesh/v1/auth"
import { Array as Arr, Effect, Option, Schedule, Stream } from "effect"
import { Auth } from "../Auth.ts"
import type { TicketKey } from "../domain/TicketKeys.ts"
import { isName, maxNameBytes, maxSubscriptions, readSubscriptions } from "../domain/TokenRules.ts"
import { type RestrictionChange, RestrictionList } from "../RestrictionList.ts"

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

/** So often at least a connector hears from us: its list is as good as ours. */
const beatEvery = "2 seconds"

/** Of restrictions, in one message. */
const pageSize = 1_000

/** A change as messages that fit. */
const pagesOf = ({
  isWhole,
  lifted,
  put
}: RestrictionChange): ReadonlyArray<RestrictionChanges> => {
  const pages = Math.max(1, Math.ceil(Math.max(put.length, lifted.length) / pageSize))
  return Array.from({ length: pages }, (_, page) => {
    const part = <A>(all: ReadonlyArray<A>) => all.slice(page * pageSize, (page + 1) * pageSize)
    return {
      whole: isWhole && page === 0,
      more: page < pages - 1,
      put: part(put).map(toRestrictionMessage),
      lifted: part(lifted).map((id) => {
        const { kind, type: targetType, value: target } = partsOfId(id)
        return { kind, targetType, target }
      })
    }
  })
}

const toResponse = (
  keys: ReadonlyArray<TicketKey>,
  restrictions: RestrictionChanges | undefined
): WatchTrustResponse => ({
  ticketKeys: keys.map(({ id, secret }) => ({ id, secret })),
  revocations: [],
  restrictions
})

/** What a connector has to know: all of it, then every change, and a beat where there is none. */
const trustOf = (auth: Auth["Service"], list: RestrictionList["Service"]) =>
  Stream.unwrap(
    Effect.gen(function* () {
      let keys: ReadonlyArray<TicketKey> = Option.getOrElse(
        yield* Stream.runHead(auth.trust),
        () => []
      )
      const ofKeys = Stream.map(auth.trust, (newest) => {
        keys = newest
        return undefined
      })
      const ofRestrictions = Stream.flatMap(list.changes, (change) =>
        Stream.fromIterable(pagesOf(change))
      )
      const beats = Stream.map(Stream.fromSchedule(Schedule.spaced(beatEvery)), () => undefined)
      return Stream.mergeAll([ofKeys, ofRestrictions, beats], { concurrency: "unbounded" }).pipe(
        Stream.map((changes) => toResponse(keys, changes))
      )
    })
  )

const mistakeIn = (user: string, subscriptions: ReadonlyArray<string>): string | undefined => {
  if (user === "" || !isName(user)) {
    return `user: must be text of 1 to ${maxNameBytes} bytes without control characters`
  }
  return readSubscriptions(subscriptions) === undefined
    ? `subscriptions: must be at most ${maxSubscriptions} channel names`
    : undefined
}

export const authHandlers = Effect.gen(function* () {
  const auth = yield* Auth
  const list = yield* RestrictionList
  return implement(AuthServiceDefinition, {
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
    watchTrust: () => trustOf(auth, list),
    issueDevelopmentToken: ({ subscriptions, user }) => {
      const mistake = mistakeIn(user, subscriptions)
      return mistake === undefined
        ? Effect.map(auth.issueDevelopmentToken(user, subscriptions), (token) => ({ token }))
        : Effect.fail(failure("bad_request", mistake))
    }
  })
})
