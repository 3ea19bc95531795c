/**
 * ChannelLog: what a channel has said since somebody began to look, and how far it has come.
 */
import type { Position } from "@weir/client/Envelope"
import type { Gap } from "@weir/client/Progress"
import type { Publication } from "@weir/client/Publication"

export type LogEntry =
  | { readonly kind: "publication"; readonly id: number; readonly publication: Publication }
  | { readonly kind: "gap"; readonly id: number; readonly gap: Gap }

export interface ChannelLog {
  /** The newest first. */
  readonly entries: ReadonlyArray<LogEntry>
  /** All publications, those that are not kept included. */
  readonly count: number
  /** The newest that is known. */
  readonly position: Position | undefined
}

export type ChannelLogEvent =
  | { readonly type: "publication"; readonly publication: Publication }
  | { readonly type: "gap"; readonly gap: Gap }
  | { readonly type: "subscribed"; readonly position: Position }

export const emptyLog: ChannelLog = { entries: [], count: 0, position: undefined }

const MAX_ENTRIES = 200

export const logAfter = (log: ChannelLog, event: ChannelLogEvent): ChannelLog => {
  const id = (log.entries[0]?.id ?? 0) + 1
  switch (event.type) {
    case "publication": {
      const { publication } = event
      const entries = kept({ kind: "publication", id, publication }, log)
      return { entries, count: log.count + 1, position: later(log.position, publication.position) }
    }
    // A log that went back is where its gap says.
    case "gap": {
      const { gap } = event
      return { ...log, entries: kept({ kind: "gap", id, gap }, log), position: gap.position }
    }
    case "subscribed":
      return { ...log, position: later(log.position, event.position) }
  }
}

const kept = (entry: LogEntry, { entries }: ChannelLog) => [entry, ...entries].slice(0, MAX_ENTRIES)

/** Of one epoch the further one; else the one that came later. */
const later = (known: Position | undefined, next: Position): Position =>
  known?.epoch === next.epoch && known.offset > next.offset ? known : next
