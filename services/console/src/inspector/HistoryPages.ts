/**
 * HistoryPages: reading back through a channel's log, page by page, and forth again.
 */
import type { History } from "@weir/client/History"

/** Where each page begins that led to the one in sight; undefined: at the newest. */
export type Trail = ReadonlyArray<number | undefined>

export interface HistoryPages {
  readonly trail: Trail
  /** The page in sight; undefined before the first. */
  readonly page: History | undefined
  /** Where the page begins that is awaited. */
  readonly awaited: Trail | undefined
  readonly problem: string | undefined
}

export type HistoryEvent =
  | { readonly type: "asked"; readonly trail: Trail }
  | { readonly type: "read"; readonly trail: Trail; readonly page: History }
  | { readonly type: "failed"; readonly trail: Trail; readonly problem: string }

export const newest: Trail = [undefined]

export const noPages: HistoryPages = {
  trail: newest,
  page: undefined,
  awaited: undefined,
  problem: undefined
}

export const pagesAfter = (pages: HistoryPages, event: HistoryEvent): HistoryPages => {
  if (event.type === "asked") return { ...pages, awaited: event.trail }
  // Whoever goes on before an answer is there waits for the next one.
  if (event.trail !== pages.awaited) return pages
  return event.type === "failed"
    ? { ...pages, awaited: undefined, problem: event.problem }
    : { trail: event.trail, page: event.page, awaited: undefined, problem: undefined }
}

/** The way to the page before this one; undefined: there is none, or it is the last that is kept. */
export const olderThan = ({ page, trail }: HistoryPages): Trail | undefined =>
  page === undefined || page.next === 0 ? undefined : [...trail, page.next]

export const newerThan = ({ trail }: HistoryPages): Trail | undefined =>
  trail.length === 1 ? undefined : trail.slice(0, -1)
