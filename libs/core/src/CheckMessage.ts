/**
 * CheckMessage: may this be published at all? The same rules at every door.
 */
import { checkChannelName, namespaceOf } from "./ChannelName.ts"
import { checkContent } from "./Content.ts"
import { Failure, failure } from "./Failure.ts"
import type { Namespace, Namespaces } from "./Namespace.ts"
import { type Message, maxIdBytes } from "./Publication.ts"

const encoder = new TextEncoder()

/** Nearly all ids: of one byte a character, so that none has to be encoded to be measured. */
const plainId = new RegExp(`^[\\x20-\\x7e]{0,${maxIdBytes}}$`)

/** The channel's namespace, or why there is no such channel. */
export const checkChannel = (namespaces: Namespaces, channel: string): Namespace | Failure => {
  const refused = checkChannelName(channel)
  if (refused !== undefined) return refused
  const name = namespaceOf(channel)
  return namespaces.get(name) ?? failure("unknown_namespace", `channel: no namespace "${name}"`)
}

const checkId = (field: "messageId" | "key", id: string): Failure | undefined => {
  if (plainId.test(id)) return undefined
  const bytes = encoder.encode(id).byteLength
  return bytes > maxIdBytes
    ? failure("bad_request", `${field}: ${bytes} bytes, limit ${maxIdBytes}`)
    : undefined
}

export const checkMessageId = (messageId: string): Failure | undefined =>
  checkId("messageId", messageId)

/** The message with its data as it will be stored. */
export const checkMessage = (
  namespaces: Namespaces,
  message: Message,
  limitBytes: number
): Message | Failure => {
  const namespace = checkChannel(namespaces, message.channel)
  if (namespace instanceof Failure) return namespace
  const { channel, contentType, key, messageId, publisher } = message
  const refused = checkMessageId(messageId) ?? checkId("key", key)
  if (refused !== undefined) return refused
  const data = checkContent(contentType, message.data, limitBytes)
  return data instanceof Failure ? data : { channel, publisher, messageId, key, contentType, data }
}
