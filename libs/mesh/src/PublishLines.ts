/**
 * PublishLines: what is being published, a line for each channel, appended in
 * the order of calls whoever owns the channel meanwhile.
 */
import { type Failure, failure } from "@weir/core/Failure"
import type { Accepted, Message } from "@weir/core/Publication"
import { Effect, Exit, FiberSet, Latch, Random, type Scope } from "effect"
import type { Attempt, Resume } from "./Attempt.ts"
import type { Entry } from "./PublishEntry.ts"
import { PublishLine } from "./PublishLine.ts"

export interface PublishLinesOptions {
  readonly attempt: Attempt
  /** Whom an attempt goes to if it is made now. A line does not send to two at once. */
  readonly ownerOf: (channel: string) => string | undefined
  /** The most undecided publications of one channel. */
  readonly capacity?: number
  /** When a publication is given up. */
  readonly deadlineMs?: number
  /**
   * When an attempt is given up during which nothing is decided. An owner whose log hangs
   * says so after 1.4 s, and what is tried again before that would be behind itself.
   */
  readonly attemptDeadlineMs?: number
}

export interface PublishLines {
  /** In the order called, for one channel. What is interrupted is published all the same. */
  readonly publish: (message: Message) => Effect.Effect<Accepted, Failure>
  /** The same for one of many, without a fiber; `resume` is called once, and maybe at once. */
  readonly submit: (message: Message, resume: Resume) => void
}

/** Coarse: one timer serves all lines, and no publication reads a clock. */
const tickMs = 100

/** How long an owner that the view has replaced may still answer: a handoff takes less. */
const formerOwnerDeadlineMs = 300

const stopping = Exit.fail(failure("unavailable", "the server is stopping"))

export const make = Effect.fnUntraced(function* (
  options: PublishLinesOptions
): Effect.fn.Return<PublishLines, never, Scope.Scope> {
  const { attemptDeadlineMs = 1_500, capacity = 256, deadlineMs = 5_000 } = options
  const deadlineTicks = Math.ceil(deadlineMs / tickMs)
  const attemptTicks = Math.ceil(attemptDeadlineMs / tickMs)
  const formerOwnerTicks = Math.ceil(formerOwnerDeadlineMs / tickMs)
  const full = Exit.fail(
    failure("too_many_requests", `${capacity} undecided publications on the channel`, 100)
  )
  const lines = new Map<string, PublishLine>()
  const occupied = yield* Latch.make()
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  let ticks = 0
  let closed = false

  const begin = (line: PublishLine) =>
    Effect.sync(() => line.begin()).pipe(
      Effect.tapCause((cause) =>
        Effect.logError("publications could not be tried again", { channel: line.channel }, cause)
      )
    )

  const host = {
    attempt: options.attempt,
    ownerOf: options.ownerOf,
    now: () => ticks,
    beginAfter: (line: PublishLine, pauseMs: number) => {
      // Spread: who lost an owner lost it together with everybody else.
      const pause = Effect.flatMap(Random.next, (it) => Effect.sleep(pauseMs * (0.5 + it)))
      run(Effect.andThen(pauseMs === 0 ? Effect.yieldNow : pause, begin(line)))
    },
    ended: (line: PublishLine) => {
      if (lines.get(line.channel) === line) lines.delete(line.channel)
    }
  }

  const lineOf = (channel: string): PublishLine => {
    const known = lines.get(channel)
    if (known !== undefined) return known
    const line = new PublishLine(channel, host)
    lines.set(channel, line)
    occupied.openUnsafe()
    return line
  }

  const tick = Effect.sync(() => {
    ticks++
    for (const line of [...lines.values()]) {
      if (line.size === 0) lines.delete(line.channel)
      else line.check(deadlineTicks, attemptTicks, formerOwnerTicks)
    }
    if (lines.size === 0) occupied.closeUnsafe()
  })
  yield* occupied.await.pipe(
    Effect.andThen(Effect.sleep(tickMs)),
    Effect.andThen(tick),
    Effect.forever,
    Effect.forkScoped
  )
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      closed = true
      for (const line of [...lines.values()]) line.giveUp(stopping, stopping)
    })
  )

  const submit = (message: Message, resume: Resume): Entry | undefined => {
    const line = closed ? undefined : lineOf(message.channel)
    if (line !== undefined && line.size < capacity) return line.publish(message, resume)
    resume(line === undefined ? stopping : full)
    return undefined
  }

  return {
    submit,
    publish: (message) =>
      Effect.callback((resume) => {
        const entry = submit(message, resume)
        return Effect.sync(() => {
          if (entry !== undefined) entry.resume = undefined
        })
      })
  }
})
