/**
 * RestrictionHandlers: the mesh's door to the list of restrictions. What is done here is
 * written down before it is answered.
 */
import { type Failure, failure, orFail } from "@weir/core/Failure"
import { implement } from "@weir/grpc/Handlers"
import { doneBy, named, toMessage } from "@weir/mesh/RestrictionMessages"
import { type Actor, RestrictionServiceDefinition } from "@weir/proto/mesh/v1/restriction"
import { Clock, Effect } from "effect"
import { AuditTrail } from "../AuditTrail.ts"
import { RestrictionList } from "../RestrictionList.ts"

/** What was kept from before this process was there. */
const unread = failure("unavailable", "the list of restrictions was not read yet", 500)

export const restrictionHandlers = Effect.gen(function* () {
  const list = yield* RestrictionList
  const trail = yield* AuditTrail

  /** Does it, and writes down what came of it. */
  const audited = <A>(
    actor: Actor | undefined,
    action: string,
    target: string,
    done: Effect.Effect<readonly [answer: A, detail: string], Failure>
  ): Effect.Effect<A, Failure> =>
    Effect.gen(function* () {
      const at = yield* Clock.currentTimeMillis
      const written = (result: string, detail: string) =>
        trail.record({ at, ...doneBy(actor), action, target, result, detail })
      const [answer, detail] = yield* Effect.tapError(done, ({ code, message }) =>
        Effect.ignore(written(code, message))
      )
      yield* written("ok", detail)
      return answer
    })

  return implement(RestrictionServiceDefinition, {
    restrict: ({ actor, forMs, issuedBefore, reason, ...request }) =>
      audited(
        actor,
        request.kind,
        `${request.targetType} ${request.target}`,
        Effect.gen(function* () {
          const asked = yield* orFail(named(request))
          const made = yield* list.restrict({ ...asked, forMs, issuedBefore, reason })
          const until = new Date(made.until).toISOString()
          const detail = `until ${until}${reason === "" ? "" : `: ${reason}`}`
          return [{ restriction: toMessage(made) }, detail] as const
        })
      ),
    lift: ({ actor, ...request }) =>
      audited(
        actor,
        `lift.${request.kind}`,
        `${request.targetType} ${request.target}`,
        Effect.gen(function* () {
          const { kind, target } = yield* orFail(named(request))
          const lifted = yield* list.lift(kind, target)
          return [{ lifted }, lifted ? "" : "there was none"] as const
        })
      ),
    listRestrictions: ({ after, kind, limit }) =>
      Effect.map(list.list(kind, limit, after), ({ next, restrictions }) => ({
        restrictions: restrictions.map(toMessage),
        next
      })),
    checkStanding: (who) =>
      Effect.suspend(() => {
        const held = list.held()
        return held === undefined
          ? Effect.fail(unread)
          : Effect.succeed({
              sentence: held.judge(who) ?? "",
              muted: held.muted(who) !== undefined
            })
      })
  })
})
