/**
 * ForwardMessage: publications on their way from a router, or a connector, to the owners of
 * their channels: `weir.mesh.v1.ForwardRequest`.
 *
 * By hand, since each publication goes through it twice, and in runs: what a channel's
 * publications have in common stands in the first of them.
 */
import type { Message } from "@weir/core/Publication"
import { Cursor, closeLength, writeNumber, writeText, writeVarint } from "./Varint.ts"

/** One attempt to publish, as its sender numbers it. */
export interface Forward {
  /** From 1; the next one's is higher. */
  readonly id: number
  readonly attempt: number
  readonly message: Message
}

const lengthDelimited = 2

const requestTag = { publication: (1 << 3) | lengthDelimited, view: 2 << 3 } as const

const forwardTag = {
  id: 1 << 3,
  channel: (2 << 3) | lengthDelimited,
  publisher: (3 << 3) | lengthDelimited,
  messageId: (4 << 3) | lengthDelimited,
  contentType: (5 << 3) | lengthDelimited,
  data: (6 << 3) | lengthDelimited,
  attempt: 7 << 3,
  key: (8 << 3) | lengthDelimited
} as const

/** The longest a number is, with its tag. */
const numberBytes = 9

/** The longest that a field of so many bytes is, with its tag and its length. */
const fieldBytes = (length: number): number => 5 + length

/** What the fields come to at the most, in UTF-8. */
const mostBytes = ({ channel, contentType, data, key, messageId, publisher }: Message) =>
  3 * numberBytes +
  fieldBytes(3 * channel.length) +
  fieldBytes(3 * publisher.length) +
  fieldBytes(3 * messageId.length) +
  fieldBytes(3 * key.length) +
  fieldBytes(3 * contentType.length) +
  fieldBytes(data.byteLength)

const isSameRun = (forward: Forward, before: Forward | undefined): boolean =>
  before !== undefined &&
  before.attempt === forward.attempt &&
  before.message.channel === forward.message.channel &&
  before.message.publisher === forward.message.publisher

const writeForward = (
  bytes: Buffer,
  forward: Forward,
  before: Forward | undefined,
  begin: number
): number => {
  const { attempt, id, message } = forward
  let at = begin
  if (before === undefined || id !== before.id + 1) {
    at = writeNumber(bytes, forwardTag.id, id, at)
  }
  if (!isSameRun(forward, before)) {
    at = writeText(bytes, forwardTag.channel, message.channel, at)
    at = writeText(bytes, forwardTag.publisher, message.publisher, at)
    at = writeNumber(bytes, forwardTag.attempt, attempt, at)
  }
  at = writeText(bytes, forwardTag.messageId, message.messageId, at)
  at = writeText(bytes, forwardTag.contentType, message.contentType, at)
  at = writeText(bytes, forwardTag.key, message.key, at)
  const { byteLength } = message.data
  if (byteLength === 0) return at
  bytes[at] = forwardTag.data
  at = writeVarint(bytes, byteLength, at + 1)
  bytes.set(message.data, at)
  return at + byteLength
}

/** One message, in the order given; the shorter, the more of a channel stand together. */
export const encodeForwards = (forwards: ReadonlyArray<Forward>, view: number): Buffer => {
  let most = numberBytes
  for (const { message } of forwards) most += fieldBytes(mostBytes(message))
  const bytes = Buffer.allocUnsafe(most)
  let at = 0
  let before: Forward | undefined
  for (const forward of forwards) {
    bytes[at++] = requestTag.publication
    // Its length is written once it is known, and as a rule in the one or two bytes left for it.
    const room = forward.message.data.byteLength < 64 ? 1 : 2
    const begin = at + room
    at = closeLength(bytes, begin, writeForward(bytes, forward, before, begin), room)
    before = forward
  }
  at = writeNumber(bytes, requestTag.view, view, at)
  return bytes.subarray(0, at)
}

const noData = new Uint8Array()

const readForward = (cursor: Cursor, before: Forward | undefined): Forward => {
  let id = (before?.id ?? 0) + 1
  let channel = ""
  let publisher = ""
  let attempt = 0
  let messageId = ""
  let contentType = ""
  let key = ""
  let data: Uint8Array = noData
  while (cursor.at < cursor.end) {
    const tag = cursor.varint()
    switch (tag) {
      case forwardTag.id:
        id = cursor.varint()
        break
      case forwardTag.channel:
        channel = cursor.text()
        break
      case forwardTag.publisher:
        publisher = cursor.text()
        break
      case forwardTag.messageId:
        messageId = cursor.text()
        break
      case forwardTag.contentType:
        contentType = cursor.text()
        break
      case forwardTag.key:
        key = cursor.text()
        break
      case forwardTag.data:
        data = cursor.view()
        break
      case forwardTag.attempt:
        attempt = cursor.varint()
        break
      default:
        cursor.skip(tag)
    }
  }
  if (channel === "" && before !== undefined) {
    // The very same strings: who looks the channel up has its hash already.
    ;({ channel, publisher } = before.message)
    attempt = before.attempt
  }
  return { id, attempt, message: { channel, publisher, messageId, key, contentType, data } }
}

export interface Forwards {
  /** In their order. */
  readonly forwards: ReadonlyArray<Forward>
  /** The version of the view that the sender acts on. */
  readonly view: number
}

/** One whole message, so that nothing is done for one that is broken. Throws on bytes that are none. */
export const decodeForwards = (bytes: Uint8Array): Forwards => {
  const cursor = new Cursor(bytes)
  const forwards: Array<Forward> = []
  let view = 0
  while (cursor.at < cursor.end) {
    const tag = cursor.varint()
    if (tag === requestTag.publication) {
      const begin = cursor.length()
      forwards.push(readForward(new Cursor(cursor.bytes, begin, cursor.at), forwards.at(-1)))
    } else if (tag === requestTag.view) view = cursor.varint()
    else cursor.skip(tag)
  }
  return { forwards, view }
}
