/**
 * Weir: publishes through one `PublishStream`, with requests made by hand: the codec
 * would cost the driver more than the call itself.
 */
import { PublishStreamResponse } from "@weir/proto/api/v1/publish"
import type { Publishing } from "../../System.ts"
import { openPublishApi, repeatedTag, varint } from "../PublishApi.ts"
import type { OpenPublisher } from "../Publisher.ts"

/** As the protocol limits it. */
const mostPerRequest = 256

/** `PublishRequest.channel`, `.data` and `.key`; in `Result`, `.published`. */
const channelTag = (1 << 3) | 2
const dataTag = (2 << 3) | 2
const keyTag = (5 << 3) | 2
const publishedTag = (1 << 3) | 2

const moreBit = 0x80

/** A field of text; nothing where it is empty. */
const textField = (tag: number, text: string): ReadonlyArray<Buffer> => {
  const bytes = Buffer.from(text)
  return bytes.length === 0 ? [] : [Buffer.of(tag), varint(bytes.length), bytes]
}

/** What stands before the data of a publication of this length: its fields have no fixed order. */
export const headOf = (channel: string, key: string, length: number): Buffer => {
  const inner = [
    ...textField(channelTag, channel),
    ...textField(keyTag, key),
    Buffer.of(dataTag),
    varint(length)
  ]
  const size = inner.reduce((sum, it) => sum + it.length, length)
  return Buffer.concat([Buffer.of(repeatedTag), varint(size), ...inner])
}

/** How many results there are; throws on one that is not a success. */
const countResults = (bytes: Buffer): number => {
  let count = 0
  let at = 0
  while (at < bytes.length) {
    if (bytes[at] !== repeatedTag) throw new Error("an answer that is no list of results")
    let length = 0
    let shift = 0
    at++
    do {
      length |= (bytes[at]! & ~moreBit) << shift
      shift += 7
    } while ((bytes[at++]! & moreBit) !== 0)
    if (bytes[at] !== publishedTag) {
      throw new Error(`not published: ${JSON.stringify(PublishStreamResponse.decode(bytes))}`)
    }
    at += length
    count++
  }
  return count
}

/** Publishes at the first address: other routers are for those who want to cross them. */
export const open: OpenPublisher<Extract<Publishing, { kind: "weir" }>> = async (
  { addresses, key },
  onFailure
) => {
  const api = await openPublishApi(addresses[0]!, key, {
    "grpc-node.flow_control_window": 4 * 1024 * 1024
  })
  const call = api.stream()
  const heads = new Map<string, Buffer>()
  let unsent: Array<Buffer> = []
  let isScheduled = false
  let sent = 0
  let answered = 0
  let isClosing = false
  const waiting: Array<{ readonly until: number; readonly resolve: () => void }> = []

  call.on("data", (bytes: Buffer) => {
    try {
      answered += countResults(bytes)
    } catch (error) {
      onFailure((error as Error).message)
    }
    while (waiting.length > 0 && waiting[0]!.until <= answered) waiting.shift()!.resolve()
  })
  call.on("error", ({ message }) => {
    if (!isClosing) onFailure(message)
  })

  const head = (channel: string, key: string, length: number): Buffer => {
    const name = `${length} ${key} ${channel}`
    const known = heads.get(name)
    if (known !== undefined) return known
    const made = headOf(channel, key, length)
    heads.set(name, made)
    return made
  }
  // All that is published in one turn travels in one request: one for a burst.
  const flush = () => {
    isScheduled = false
    const pieces = unsent
    unsent = []
    const most = 2 * mostPerRequest
    for (let from = 0; from < pieces.length; from += most) {
      call.write(Buffer.concat(pieces.slice(from, from + most)))
    }
  }
  return {
    publish: (payloads, channel, key = "") => {
      for (const payload of payloads) unsent.push(head(channel, key, payload.length), payload)
      sent += payloads.length
      if (isScheduled) return
      isScheduled = true
      queueMicrotask(flush)
    },
    settled: () => {
      const until = sent
      if (answered >= until) return Promise.resolve()
      return new Promise((resolve) => waiting.push({ until, resolve }))
    },
    close: () => {
      isClosing = true
      call.cancel()
      api.close()
    }
  }
}
