/**
 * entryWords: what an entry of the journal says to people.
 */
import type { Entry } from "../line/Journal.ts"

export interface EntryWords {
  readonly title: string
  readonly detail: string
  /** How it is to be taken. */
  readonly tone: "good" | "wait" | "bad"
}

export const entryWords = (entry: Entry): EntryWords => {
  switch (entry.kind) {
    case "connected":
      return {
        title: "Connected",
        detail: `as ${entry.user || "somebody anonymous"}`,
        tone: "good"
      }
    case "lost":
      return entry.byHand
        ? { title: "Cut", detail: "by your hand", tone: "wait" }
        : { title: "Line lost", detail: "by nobody's wish", tone: "wait" }
    case "restored":
      return { title: "Restored", detail: "the next attempt gets through", tone: "wait" }
    case "comeback": {
      const { awayMs, channels, owed, recovered, replayed } = entry
      const whole = recovered === channels
      const gaps = whole ? "no gap" : `${counted(channels - recovered, "channel")} with a gap`
      return {
        title: `Back after ${(awayMs / 1_000).toFixed(1)} s`,
        detail: `${replayed} of ${counted(owed, "missed publication")} replayed, ${gaps}`,
        tone: whole && replayed >= owed ? "good" : "wait"
      }
    }
    case "gap": {
      const { channel, count, reason } = entry
      const what = count === undefined ? "some publications" : counted(count, "publication")
      const detail = `${what} will not come (${reason.replace("_", " ")})`
      return { title: `Gap in ${channel}`, detail, tone: "bad" }
    }
    case "closed":
      return { title: "Closed for good", detail: entry.failure, tone: "bad" }
  }
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`
