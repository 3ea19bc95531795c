/**
 * Members: everything of the cluster, running or not.
 */
import { Clock, Data, Deferred, Effect, Exit, Fiber, type Scope } from "effect"
import { type Child, StartFailed } from "./Child.ts"
import type { Member, ReadyLine } from "./Member.ts"
import type { Report } from "./Report.ts"

/** It cannot be done now, or is not known. */
export class Refused extends Data.TaggedError("Refused")<{ readonly message: string }> {}

export interface Members {
  readonly names: () => ReadonlyArray<string>
  readonly add: (member: Member) => void
  /** Waits until it is ready, and before that until an earlier life of it is over. */
  readonly start: (name: string) => Effect.Effect<ReadyLine, StartFailed | Refused>
  /** SIGTERM, and SIGKILL 6 s after its drain; waits until it is gone. */
  readonly stop: (name: string) => Effect.Effect<void, Refused>
  readonly restart: (name: string) => Effect.Effect<ReadyLine, StartFailed | Refused>
  /** SIGKILL; waits until it is gone. */
  readonly kill: (name: string) => Effect.Effect<void, Refused>
  readonly signal: (name: string, signal: NodeJS.Signals) => Effect.Effect<void, Refused>
}

/** From the first start to the end that nothing follows; under `--supervise` over several children. */
interface Life {
  fiber: Fiber.Fiber<void> | undefined
  child: Child | undefined
  /** It was told to end. */
  ending: boolean
  readonly ready: Deferred.Deferred<ReadyLine, StartFailed>
}

const firstPauseMs = 100
const longestPauseMs = 5_000
/** Who ran for so long is started again as if it had never died. */
const healthyMs = 10_000

/** Those who need others go first, and what all need goes last. */
const endOrder: ReadonlyArray<ReadonlyArray<Member["role"]>> = [
  ["connector"],
  ["presence", "auth"],
  ["router"],
  ["redis"]
]

export const make = Effect.fnUntraced(function* (options: {
  readonly supervise: boolean
  readonly report: Report
}): Effect.fn.Return<Members, never, Scope.Scope> {
  const { report, supervise } = options
  const members = new Map<string, Member>()
  const lives = new Map<string, Life>()

  const find = (name: string) => {
    const member = members.get(name)
    if (member !== undefined) return Effect.succeed(member)
    const known = [...members.keys()].join(", ")
    return Effect.fail(new Refused({ message: `there is no ${name}, but ${known}` }))
  }

  const running = Effect.fnUntraced(function* (name: string) {
    yield* find(name)
    const life = lives.get(name)
    if (life === undefined) return yield* new Refused({ message: `${name} does not run` })
    return life
  })

  const liveOnce = (member: Member, life: Life) =>
    Effect.scoped(
      Effect.gen(function* () {
        const { child, ready } = yield* member.launch
        life.child = child
        const line = yield* ready
        report.ready(line)
        Deferred.doneUnsafe(life.ready, Exit.succeed(line))
        yield* child.ended
      })
    ).pipe(Effect.ensuring(Effect.sync(() => (life.child = undefined))))

  const live = Effect.fnUntraced(function* (member: Member, life: Life) {
    yield* liveOnce(member, life)
    let pauseMs = firstPauseMs
    while (supervise) {
      yield* Effect.sleep(pauseMs)
      const since = yield* Clock.currentTimeMillis
      yield* liveOnce(member, life).pipe(
        Effect.catch(({ message }) => Effect.sync(() => report.log(member.name, message)))
      )
      const ranMs = (yield* Clock.currentTimeMillis) - since
      pauseMs = ranMs > healthyMs ? firstPauseMs : Math.min(pauseMs * 2, longestPauseMs)
    }
  })

  const begin = (member: Member) => {
    const life: Life = {
      fiber: undefined,
      child: undefined,
      ending: false,
      ready: Deferred.makeUnsafe()
    }
    lives.set(member.name, life)
    return live(member, life).pipe(
      Effect.catch((failed) =>
        Effect.sync(() => void Deferred.doneUnsafe(life.ready, Exit.fail(failed)))
      ),
      Effect.ensuring(
        Effect.sync(() => {
          lives.delete(member.name)
          const message = `${member.name} was stopped before it was ready`
          // Changes nothing once it was ready.
          Deferred.doneUnsafe(life.ready, Exit.fail(new StartFailed({ message })))
        })
      ),
      // Not a child of whoever starts it: it lives until it is stopped, in order, below.
      Effect.forkDetach,
      Effect.map((fiber) => {
        life.fiber = fiber
        return life
      }),
      Effect.uninterruptible
    )
  }

  const start = Effect.fnUntraced(function* (name: string) {
    const member = yield* find(name)
    for (let life = lives.get(name); life !== undefined; life = lives.get(name)) {
      if (!life.ending) return yield* new Refused({ message: `${name} runs already` })
      yield* Fiber.await(life.fiber!)
    }
    const life = yield* begin(member)
    return yield* Deferred.await(life.ready)
  })

  const stop = Effect.fnUntraced(function* (name: string) {
    const life = yield* running(name)
    life.ending = true
    yield* Fiber.interrupt(life.fiber!)
  })

  const signal = Effect.fnUntraced(function* (name: string, which: NodeJS.Signals) {
    const { child } = yield* running(name)
    if (child === undefined) return yield* new Refused({ message: `${name} does not run` })
    child.signal(which)
    return child
  })

  yield* Effect.addFinalizer(() =>
    Effect.forEach(endOrder, (roles) => {
      const group = [...members.values()].filter(({ role }) => roles.includes(role))
      return Effect.forEach(group, ({ name }) => Effect.ignore(stop(name)), {
        concurrency: "unbounded"
      })
    })
  )

  return {
    names: () => [...members.keys()],
    add: (member) => void members.set(member.name, member),
    start,
    stop,
    restart: (name) =>
      Effect.andThen(find(name), lives.has(name) ? stop(name) : Effect.void).pipe(
        Effect.andThen(start(name))
      ),
    kill: Effect.fnUntraced(function* (name: string) {
      const life = yield* running(name)
      if (!supervise) life.ending = true
      const child = yield* signal(name, "SIGKILL")
      yield* child.ended
    }),
    signal
  }
})
