/**
 * HistoryFile: a history as JSON lines, one file for each process that saw something.
 */
import { closeSync, createReadStream, openSync, writeSync } from "node:fs"
import type { HistoryEvent } from "./History.ts"

const bufferBytes = 65_536
const flushMs = 100

export interface HistoryWriter {
  readonly record: (event: HistoryEvent) => void
  readonly flush: () => void
  readonly close: () => void
}

/**
 * Appends to the file, which others may append to as well. Writes are synchronous:
 * nothing piles up, and what a killed process had recorded 100 ms ago is there.
 */
export const writeHistory = (path: string): HistoryWriter => {
  const file = openSync(path, "a")
  let buffer = ""
  const flush = () => {
    const bytes = Buffer.from(buffer)
    buffer = ""
    let written = 0
    while (written < bytes.length) written += writeSync(file, bytes, written)
  }
  const timer = setInterval(flush, flushMs).unref()
  return {
    record: (event) => {
      buffer += `${JSON.stringify(event)}\n`
      if (buffer.length >= bufferBytes) flush()
    },
    flush,
    close: () => {
      clearInterval(timer)
      flush()
      closeSync(file)
    }
  }
}

/** By time; what one process saw at one time stays in its order. */
export const inOrder = (events: ReadonlyArray<HistoryEvent>): ReadonlyArray<HistoryEvent> =>
  events.every((event, index) => index === 0 || events[index - 1]!.t <= event.t)
    ? events
    : events.toSorted((a, b) => a.t - b.t)

/** Lines that came whole, and the beginning of one that has not yet. */
async function* linesOf(path: string) {
  let rest = ""
  for await (const chunk of createReadStream(path, { encoding: "utf8", highWaterMark: 1 << 20 })) {
    const lines = `${rest}${chunk}`.split("\n")
    rest = lines.pop()!
    yield lines
  }
}

/** Reads and merges. A last line without its end is what a killed process left, and no event. */
export const readHistory = async (
  paths: ReadonlyArray<string>
): Promise<ReadonlyArray<HistoryEvent>> => {
  const events: Array<HistoryEvent> = []
  for (const path of paths) {
    let line = 0
    for await (const lines of linesOf(path)) {
      for (const text of lines) {
        line++
        try {
          events.push(JSON.parse(text))
        } catch {
          throw new Error(`${path}:${line} is no event: ${text.slice(0, 80)}`)
        }
      }
    }
  }
  return inOrder(events)
}
