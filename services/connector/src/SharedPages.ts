/**
 * SharedPages: pages of logs, read once for all who ask for the same one at the same time.
 *
 * Who lost their connection together come back together, from the same position: one read at
 * the owner serves all of them, and each publication is decoded and framed once.
 *
 * At most one read of a page is under way, and who asks meanwhile shares the next one. To join the
 * one under way would be wrong in a subtle way: the owner may have judged already, and who asks
 * after a publication was passed on here would be given a page from before it, take that for all
 * there is, and wait. So no verdict is older than its question, as if each had asked alone, and
 * what `subscribed` promises rests on nothing new. Nothing is kept beyond the answer: a page has
 * no age that could be wrong.
 *
 * Where reads of a page follow each other without end, there is a pause between them, which grows
 * as they go on: a storm that lasts costs the log a few reads a second of each page. There are
 * never more entries than fibers that wait for them, and those read within the last pause.
 */
import type { Failure } from "@weir/core/Failure"
import type { ReadRequest, ReadResponse } from "@weir/proto/mesh/v1/router"
import { decodePublication } from "@weir/wire/Publications"
import { Deferred, Effect, Exit, FiberSet, type Scope } from "effect"
import { sharedReads } from "./ConnectorMetrics.ts"
import { FramedPublication } from "./FramedPublication.ts"

export interface Page extends Omit<ReadResponse, "publications"> {
  readonly entries: ReadonlyArray<FramedPublication>
}

export const pageOf = ({ publications, ...page }: ReadResponse): Page => ({
  ...page,
  entries: publications.map((bytes) => new FramedPublication(decodePublication(bytes)))
})

export type ReadPage = (channel: string, from: ReadRequest["from"]) => Effect.Effect<Page, Failure>

/** A position is its three numbers, whoever wrote it down. */
const keyOf = (channel: string, from: ReadRequest["from"]): string => {
  if (from?.$case !== "since") return `${from?.$case} ${from?.value} ${channel}`
  const { epoch, offset, term } = from.value
  return `since ${offset} ${term} ${epoch} ${channel}`
}

type Waiting = Deferred.Deferred<Page, Failure>

/** Of the third read in a row; twice as long each time. Less than a client waits before it returns. */
const firstPauseMs = 10
const longestPauseMs = 320

/** `read`: asks the owner. */
export const make = Effect.fnUntraced(function* (
  read: ReadPage
): Effect.fn.Return<ReadPage, never, Scope.Scope> {
  // Not in the fiber of who asks first: that may end, and others wait for the same.
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  /** Of each page that is being read: who shares the next read of it, if anybody does. */
  const next = new Map<string, Waiting | undefined>()

  const begin = (
    key: string,
    asked: Effect.Effect<Page, Failure>,
    waiting: Waiting,
    pauseMs: number
  ): void => {
    next.set(key, undefined)
    run(
      Effect.gen(function* () {
        const exit = yield* Effect.exit(asked)
        Deferred.doneUnsafe(waiting, exit)
        if (Exit.isFailure(exit)) return giveUp(key, exit)
        if (pauseMs > 0) yield* Effect.sleep(pauseMs)
        const behind = next.get(key)
        next.delete(key)
        if (behind === undefined) return
        const longer = Math.min(longestPauseMs, Math.max(firstPauseMs, 2 * pauseMs))
        begin(key, asked, behind, longer)
      })
    )
  }

  /** Not to be had for so long: those who came meanwhile do not wait as long once more. */
  const giveUp = (key: string, exit: Exit.Exit<Page, Failure>): void => {
    const behind = next.get(key)
    next.delete(key)
    if (behind !== undefined) Deferred.doneUnsafe(behind, exit)
  }

  return (channel, from) =>
    Effect.suspend(() => {
      const key = keyOf(channel, from)
      const isUnderWay = next.has(key)
      const joined = next.get(key)
      if (joined !== undefined) {
        sharedReads.add()
        return Deferred.await(joined)
      }
      const waiting: Waiting = Deferred.makeUnsafe()
      if (isUnderWay) next.set(key, waiting)
      else begin(key, read(channel, from), waiting, 0)
      return Deferred.await(waiting)
    })
})
