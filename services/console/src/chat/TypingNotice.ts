/**
 * TypingNotice: when to tell the others that I am writing, and when that I am not.
 */
import { SHOWN_MS } from "./Typists.ts"

/** When the others were last told; undefined if they do not think that I write. */
export type TypingNotice = number | undefined

// Repeated before they forget it, and far below the server's rate of signals.
const REPEAT_MS = 2_000

export interface Decision {
  readonly notice: TypingNotice
  /** What to signal; undefined: nothing. */
  readonly isTyping: boolean | undefined
}

/** After a change of what is written. */
export const noticeAfter = (notice: TypingNotice, isEmpty: boolean, now: number): Decision => {
  if (isEmpty) {
    const isBelieved = notice !== undefined && now - notice < SHOWN_MS
    return { notice: undefined, isTyping: isBelieved ? false : undefined }
  }
  if (notice !== undefined && now - notice < REPEAT_MS) return { notice, isTyping: undefined }
  return { notice: now, isTyping: true }
}
