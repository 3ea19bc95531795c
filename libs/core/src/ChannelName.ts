/**
 * ChannelName: `namespace:name`, its rules, and the shard it belongs to.
 */
import { type Failure, failure } from "./Failure.ts"
import { hash32 } from "./Hash32.ts"

export const maxChannelBytes = 255

/** Fixed for ever: a channel must not change its shard between versions. */
export const shardCount = 1024

/** Nearly all names: one pattern then says all that the rules ask. */
const plainName = /^[A-Za-z0-9_-]{1,64}:[\x20-\x7e]+$/
const namespacePattern = /^[A-Za-z0-9_-]{1,64}$/
const controlCharacter = /\p{Cc}/u
const encoder = new TextEncoder()

/** The part before the colon. The name must have been checked. */
export const namespaceOf = (channel: string): string => channel.slice(0, channel.indexOf(":"))

/** Says which rule the name breaks, or nothing. */
export const checkChannelName = (channel: string): Failure | undefined => {
  if (channel.length <= maxChannelBytes && plainName.test(channel)) return undefined
  if (channel === "") return failure("invalid_channel", "channel: must not be empty")
  const bytes = encoder.encode(channel).byteLength
  if (bytes > maxChannelBytes) {
    return failure("invalid_channel", `channel: ${bytes} bytes, limit ${maxChannelBytes}`)
  }
  if (controlCharacter.test(channel)) {
    return failure("invalid_channel", "channel: must not contain control characters")
  }
  if (!channel.isWellFormed() || channel !== channel.normalize("NFC")) {
    return failure("invalid_channel", "channel: must be well-formed Unicode in normal form C")
  }
  const colon = channel.indexOf(":")
  if (
    colon < 0 ||
    colon === channel.length - 1 ||
    !namespacePattern.test(channel.slice(0, colon))
  ) {
    return failure(
      "invalid_channel",
      "channel: must be `namespace:name`, the namespace of letters, digits, _ and - (at most 64)"
    )
  }
  return undefined
}

let lastChannel = ""
let lastShard = hash32("") % shardCount

/** The shard of a channel. On its way a publication asks several times in a row: hashed once. */
export const shardOf = (channel: string): number => {
  if (channel !== lastChannel) {
    lastShard = hash32(channel) % shardCount
    lastChannel = channel
  }
  return lastShard
}
