/**
 * ChannelName: `namespace:name`, its rules, and the shard it belongs to.
 */
import { type Failure, failure } from "./Failure.ts"

export const maxChannelBytes = 255

/** Fixed for ever: a channel must not change its shard between versions. */
export const shardCount = 1024

const namespacePattern = /^[A-Za-z0-9_-]{1,64}$/
const controlCharacter = /\p{Cc}/u
const encoder = new TextEncoder()

/** The part before the colon. The name must have been checked. */
export const namespaceOf = (channel: string): string => channel.slice(0, channel.indexOf(":"))

/** Says which rule the name breaks, or nothing. */
export const checkChannelName = (channel: string): Failure | undefined => {
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
  if (colon < 0 || colon === channel.length - 1 || !namespacePattern.test(channel.slice(0, colon))) {
    return failure(
      "invalid_channel",
      "channel: must be `namespace:name`, the namespace of letters, digits, _ and - (at most 64)"
    )
  }
  return undefined
}

/**
 * The shard of a channel: FNV-1a over its UTF-8 bytes, then murmur3's finalizer,
 * since FNV alone leaves the low bits of short, similar names uneven.
 */
export const shardOf = (channel: string): number => {
  let hash = 0x811c9dc5
  for (const byte of encoder.encode(channel)) hash = Math.imul(hash ^ byte, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) % shardCount
}
