/**
 * Progress: how far long work has come, on one line of standard error that a person watches.
 */
import { Effect, Schedule } from "effect"

/** Work that ends before this needs no such line. */
const firstAfterMs = 700
const interval = "250 millis"

const clear = "\r\u001b[K"

export const numberText = (number: number): string => Math.round(number).toLocaleString("en")

/** How many so far, and how many a second that is, once that can be said. */
export const rateText = (count: number, elapsedMs: number): string => {
  const published = `${numberText(count)} published`
  if (elapsedMs < firstAfterMs) return published
  return `${published}, ${numberText((1_000 * count) / elapsedMs)} a second`
}

/** Does the work, and meanwhile tells how far it is; nothing in a pipe. */
export const withProgress = <A, E, R>(
  work: Effect.Effect<A, E, R>,
  count: () => number
): Effect.Effect<A, E, R> => {
  if (process.stderr.isTTY !== true) return work
  const began = Date.now()
  const show = Effect.sync(() =>
    process.stderr.write(`${clear}weir: ${rateText(count(), Date.now() - began)}`)
  )
  const shown = show.pipe(
    Effect.repeat(Schedule.spaced(interval)),
    Effect.delay(firstAfterMs),
    Effect.ensuring(
      Effect.sync(() => {
        if (Date.now() - began > firstAfterMs) process.stderr.write(clear)
      })
    )
  )
  return Effect.scoped(Effect.andThen(Effect.forkScoped(shown), work)) as Effect.Effect<A, E, R>
}
