/**
 * LogReplies: what the scripts of a log answer, as values of the port.
 */
import type { Position } from "@weir/core/Position"
import type { Reply } from "@weir/redis/Redis"
import type { EncodedPublication } from "@weir/wire/Publications"
import type { Head, Page } from "../domain/Page.ts"
import type { AppendResult } from "../ports/LogStore.ts"
import { fromBlock } from "./LogBlocks.ts"

const fieldsOf = (reply: Reply): ReadonlyArray<Reply> => reply as ReadonlyArray<Reply>
const text = (reply: Reply | undefined): string => String(reply)
const number = (reply: Reply | undefined): number => Number(text(reply))

/** Is it this word? Every append's answer is asked, and so without making a text of it. */
const says = (reply: Reply | undefined, word: Buffer): boolean =>
  Buffer.isBuffer(reply) && reply.equals(word)

const ok = Buffer.from("OK")
const fenced = Buffer.from("FENCED")

/** The term in the record, if it is not the caller's. */
export const fencedBy = (reply: Reply): number | undefined => {
  const [answer, term] = fieldsOf(reply)
  return says(answer, fenced) ? number(term) : undefined
}

const positionOf = (fields: ReadonlyArray<Reply>): Position => ({
  epoch: text(fields[1]),
  offset: number(fields[2]),
  term: number(fields[3])
})

/** What is kept of a publication under its id. */
export const formatPosition = ({ epoch, offset, term }: Position): string =>
  `${epoch}:${term}:${offset}`

const parsePosition = (remembered: string): Position => {
  const [epoch, term, offset] = remembered.split(":")
  return { epoch: epoch!, term: Number(term), offset: Number(offset) }
}

/** `durable`: enough replicas had everything when this was answered. */
export const appendResult = (
  reply: Reply,
  entries: ReadonlyArray<EncodedPublication>,
  durable: boolean
): AppendResult => {
  const fields = fieldsOf(reply)
  if (says(fields[0], ok)) return { _tag: "Appended", durable }
  switch (text(fields[0])) {
    case "DUP": {
      // Those without an id were not asked for.
      const indexes = entries.flatMap(({ publication }, index) =>
        publication.messageId === "" ? [] : [index]
      )
      const positions = new Map<number, Position>()
      for (let at = 1; at < fields.length; at += 2) {
        positions.set(indexes[number(fields[at])]!, parsePosition(text(fields[at + 1])))
      }
      return { _tag: "Duplicates", positions, durable }
    }
    default: {
      const head = positionOf(fields)
      return { _tag: "Mismatch", head: head.epoch === "" ? undefined : head }
    }
  }
}

export const headOf = (reply: Reply): Head => {
  const fields = fieldsOf(reply)
  return { head: positionOf(fields), publishedAt: number(fields[4]) }
}

/** A page as it was read. */
export interface RawPage extends Head {
  /** The oldest offset that may be replayed; head + 1 when nothing is stored. */
  readonly floor: number
  /** The stored entry just before the page, the anchor included. */
  readonly before: Position | undefined
  readonly entries: ReadonlyArray<EncodedPublication>
}

/** `isNewestFirst`: of the blocks; in each the oldest comes first. */
const entriesOf = (
  fields: ReadonlyArray<Reply>,
  isNewestFirst: boolean
): ReadonlyArray<EncodedPublication> => {
  const entries: Array<EncodedPublication> = []
  for (let at = 7; at < fields.length; at += 2) {
    const block = fromBlock(fields[at] as Buffer, fields[at + 1] as Buffer)
    entries.push(...(isNewestFirst ? block.reverse() : block))
  }
  return entries
}

const lowestOffset = (entries: ReadonlyArray<EncodedPublication>): number | undefined => {
  const first = entries[0]?.publication.position.offset
  const last = entries.at(-1)?.publication.position.offset
  return first === undefined || last === undefined ? undefined : Math.min(first, last)
}

export const pageOf = (reply: Reply, isNewestFirst: boolean): RawPage => {
  const fields = fieldsOf(reply)
  const { head, publishedAt } = headOf(reply)
  const entries = entriesOf(fields, isNewestFirst)
  const begins = lowestOffset(entries)
  const term = text(fields[6])
  const before =
    begins === undefined || term === ""
      ? undefined
      : { epoch: head.epoch, term: Number(term), offset: begins - 1 }
  return { head, publishedAt, floor: number(fields[5]), before, entries }
}

const placed = ({ before, entries, head, publishedAt }: RawPage) => {
  const next = lowestOffset(entries) ?? head.offset + 1
  const isAtHead = next > head.offset
  return {
    head,
    publishedAt,
    next,
    before: isAtHead ? head : (before ?? { ...head, offset: next - 1 }),
    entries
  }
}

/** A page of which the oldest comes first. */
export const forwards = (raw: RawPage): Page => {
  const page = placed(raw)
  const { length } = page.entries
  return { ...page, more: length > 0 && page.next + length <= page.head.offset }
}

/** A page of which the newest comes first. */
export const backwards = (raw: RawPage): Page => {
  const page = placed(raw)
  return { ...page, more: page.entries.length > 0 && page.next > raw.floor }
}
