/**
 * LogBlocks: publications in a row as the blocks in which Redis keeps them.
 *
 * A block has one term and one time, so that both are written once. It ends where another
 * begins or it is large enough: whoever reads one publication reads its block.
 */
import { decodePublication, type EncodedPublication } from "@weir/wire/Publications"

const maxCount = 64
/** A single publication may be larger. */
const maxBytes = 16 * 1024

const endBytes = 4

export interface Block {
  readonly lastOffset: number
  readonly term: number
  readonly publishedAt: number
  /** Where each publication ends in `bytes`. */
  readonly ends: Buffer
  readonly bytes: Buffer
}

/** The index after the last publication of the block that begins at an index. */
const endOf = (entries: ReadonlyArray<EncodedPublication>, start: number): number => {
  const { position, publishedAt } = entries[start]!.publication
  let sum = entries[start]!.bytes.byteLength
  let end = start + 1
  for (; end < entries.length && end - start < maxCount; end++) {
    const { bytes, publication } = entries[end]!
    sum += bytes.byteLength
    const isOfBlock =
      publication.position.term === position.term && publication.publishedAt === publishedAt
    if (!isOfBlock || sum > maxBytes) break
  }
  return end
}

const toBlock = (entries: ReadonlyArray<EncodedPublication>, start: number, end: number): Block => {
  let size = 0
  const ends = Buffer.allocUnsafe((end - start) * endBytes)
  for (let index = start; index < end; index++) {
    size += entries[index]!.bytes.byteLength
    ends.writeUInt32BE(size, (index - start) * endBytes)
  }
  const bytes = Buffer.allocUnsafe(size)
  for (let index = start, at = 0; index < end; index++) {
    bytes.set(entries[index]!.bytes, at)
    at += entries[index]!.bytes.byteLength
  }
  const { position, publishedAt } = entries[end - 1]!.publication
  return { lastOffset: position.offset, term: position.term, publishedAt, ends, bytes }
}

export const toBlocks = (entries: ReadonlyArray<EncodedPublication>): ReadonlyArray<Block> => {
  const blocks: Array<Block> = []
  for (let start = 0; start < entries.length; ) {
    const end = endOf(entries, start)
    blocks.push(toBlock(entries, start, end))
    start = end
  }
  return blocks
}

/** A block's publications, or those of a part of it: then `ends` still counts from its begin. */
export const fromBlock = (ends: Buffer, bytes: Buffer): Array<EncodedPublication> => {
  const entries: Array<EncodedPublication> = []
  const begin = ends.readUInt32BE(ends.byteLength - endBytes) - bytes.byteLength
  let start = 0
  for (let at = 0; at < ends.byteLength; at += endBytes) {
    const end = ends.readUInt32BE(at) - begin
    // Plain bytes, as from memory: a Buffer is another class to whoever compares them.
    entries.push(
      decodePublication(new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start))
    )
    start = end
  }
  return entries
}
