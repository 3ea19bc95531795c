/**
 * Codec: how requests and answers become the messages of a WebSocket.
 *
 * JSON comes with the client; protobuf is an entry of its own, for who wants it.
 */
import type { ClientType, ServerEnvelope } from "./Envelope.ts"

/** A request's payload, encoded once: what is sent again is the same, byte for byte. */
export type Payload = string | Uint8Array

export interface Codec {
  /** The subprotocol to ask for. */
  readonly protocol: string
  /** Throws on what it cannot carry. */
  readonly payload: (type: ClientType, payload: object) => Payload
  /** One message with one frame; `id` 0: none. */
  readonly message: (type: ClientType, id: number, payload: Payload) => string | Uint8Array
  /**
   * Reads one message of the server. Throws on what is none: a frame that cannot be
   * read may have been a publication, so the caller must reconnect.
   */
  readonly read: (message: unknown) => ReadonlyArray<ServerEnvelope>
}
