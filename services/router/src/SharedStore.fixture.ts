/**
 * SharedStore: the log and the records of shards that routers of one process share,
 * fenced as in Redis, and made to fail: to lose an answer, a tail, or everything.
 */
import { shardOf } from "@weir/core/ChannelName"
import { type Failure, failure } from "@weir/core/Failure"
import { makeNamespace } from "@weir/core/Namespace"
import type { Position } from "@weir/core/Position"
import type { EncodedPublication } from "@weir/wire/Publications"
import { type Duration, Effect } from "effect"
import type { ShardRecord } from "./domain/ShardRecord.ts"
import { type ChannelOf, Fenced, type LogStore } from "./ports/LogStore.ts"
import { makeMemory } from "./ports/MemoryLogStore.ts"
import type { Acquired, ShardRecords } from "./ports/ShardRecords.ts"

export const chat = makeNamespace("chat", { historySize: 10_000 })
export const live = makeNamespace("live", { logged: false })

/** What may be done to one call of the log before and after it happens. */
export type Around = <A>(
  call: Effect.Effect<A, Failure | Fenced>
) => Effect.Effect<A, Failure | Fenced>

const plain: Around = (call) => call

export const unavailable = failure("unavailable", "the log does not answer")

/** It happens, and nobody hears of it. */
export const loseAnswer: Around = (call) => Effect.andThen(call, Effect.fail(unavailable))

/** It happens, nobody hears of it, and then something else goes wrong. */
export const loseAnswerAnd =
  (andThen: () => void): Around =>
  (call) =>
    Effect.andThen(
      call,
      Effect.suspend(() => {
        andThen()
        return Effect.fail(unavailable)
      })
    )

/** It happens, and is answered late. */
export const answerLate =
  (pause: Duration.Input): Around =>
  (call) =>
    Effect.tap(call, () => Effect.sleep(pause))

/** It does not happen. */
export const loseCall: Around = () => Effect.fail(unavailable)

/** The log and the records that all routers share; the store of what has no history is each router's own. */
export class SharedStore {
  readonly records = new Map<number, ShardRecord>()
  readonly logged = makeMemory().store
  /** How the next calls end, one each; then they end well. */
  readonly appends: Array<Around> = []
  readonly heads: Array<Around> = []
  readonly resumes: Array<Around> = []
  /** Where each log began. */
  readonly #begun = new Map<string, Position>()
  /** How all records answer. */
  onRecords: Around = plain
  /** Every message that was ever appended, in order, by channel. */
  readonly appended = new Map<string, Array<EncodedPublication>>()

  #fence<A>({ channel, term }: ChannelOf, call: Effect.Effect<A, Failure | Fenced>) {
    return Effect.suspend(() => {
      const present = this.records.get(shardOf(channel))?.term ?? 0
      return present === term ? call : Effect.fail(new Fenced({ term: present }))
    })
  }

  get shardRecords(): ShardRecords["Service"] {
    const around = <A>(call: Effect.Effect<A, Failure>) =>
      this.onRecords(call) as Effect.Effect<A, Failure>
    return {
      read: (shards) => around(Effect.sync(() => shards.map((shard) => this.records.get(shard)))),
      acquire: (shard, wanted, observed) =>
        around(
          Effect.sync((): Acquired => {
            const record = this.records.get(shard)
            const present = record?.term ?? 0
            if (present !== observed || present >= wanted.term) return { _tag: "Changed", record }
            if (record !== undefined && record.view > wanted.view) return { _tag: "Stale", record }
            this.records.set(shard, wanted)
            return { _tag: "Acquired" }
          })
        )
    }
  }

  /** As one router sees it. */
  forRouter(): LogStore["Service"] {
    const own = makeMemory().store
    const { logged } = this
    const of = ({ namespace }: ChannelOf) => (namespace.logged ? logged : own)
    const next = (plans: Array<Around>, where: ChannelOf) =>
      where.namespace.logged ? (plans.shift() ?? plain) : plain
    const fenced = <A>(where: ChannelOf, call: Effect.Effect<A, Failure | Fenced>) =>
      where.namespace.logged ? this.#fence(where, call) : call
    return {
      append: (asked) =>
        Effect.suspend(() =>
          next(
            this.appends,
            asked
          )(
            fenced(asked, of(asked).append(asked)).pipe(
              Effect.tap((result) =>
                Effect.sync(() => {
                  if (result._tag !== "Appended") return
                  const log = this.appended.get(asked.channel) ?? []
                  this.appended.set(asked.channel, log)
                  log.push(...asked.entries)
                })
              )
            )
          )
        ),
      head: (where) =>
        Effect.suspend(() =>
          next(
            this.heads,
            where
          )(
            fenced(where, of(where).head(where)).pipe(
              Effect.tap(({ head }) =>
                Effect.sync(() => head.offset === 0 && this.#begun.set(where.channel, head))
              )
            )
          )
        ),
      resume: (where, since, limits) =>
        Effect.suspend(() =>
          next(this.resumes, where)(fenced(where, of(where).resume(where, since, limits)))
        ),
      read: (where, from, limits) => fenced(where, of(where).read(where, from, limits)),
      renew: (where, epoch) => fenced(where, of(where).renew(where, epoch)),
      trim: own.trim,
      forget: own.forget,
      release: own.release,
      leave: own.leave,
      adopt: (where, left) => (where.namespace.logged ? Effect.void : own.adopt(where, left))
    }
  }

  #where(channel: string): ChannelOf {
    return { channel, namespace: chat, term: 0 }
  }

  /** What the log has now. */
  stored(channel: string): Effect.Effect<ReadonlyArray<EncodedPublication>, Failure | Fenced> {
    const limits = { limit: 100_000, maxBytes: Number.POSITIVE_INFINITY }
    return Effect.map(
      this.logged.read(this.#where(channel), { _tag: "After", offset: 0 }, limits),
      ({ entries }) => entries
    )
  }

  /** The log forgets all after an offset, and goes on in the same epoch. */
  loseTail(channel: string, after: number): Effect.Effect<void, Failure | Fenced> {
    return Effect.gen({ self: this }, function* () {
      const where = this.#where(channel)
      const entries = (yield* this.stored(channel)).slice(0, after)
      const { head } = yield* this.logged.head(where)
      const begun = this.#begun.get(channel)
      const start = begun?.epoch === head.epoch ? begun : { ...head, offset: 0 }
      yield* this.logged.release(channel)
      yield* this.logged.adopt(where, { head: start, ids: [] })
      if (entries.length > 0) yield* this.logged.append({ ...where, after: start, entries })
    })
  }

  /** Another life of the log, which somebody has written to. */
  replaceLog(channel: string, head: Position) {
    return Effect.andThen(
      this.logged.release(channel),
      this.logged.adopt(this.#where(channel), { head, ids: [] })
    )
  }
}
