/**
 * Publications: a publication as the bytes that travel and are stored.
 *
 * The owner encodes a publication once, as `weir.client.v1.Publication`. The
 * log, the mesh and the protobuf client all carry those same bytes.
 */
import { BinaryReader } from "@bufbuild/protobuf/wire"
import type { Publication } from "@weir/core/Publication"
import { Publication as Message } from "@weir/proto/client/v1/client"

/** A publication that keeps the bytes it came in, or will leave in. */
export interface EncodedPublication {
  readonly publication: Publication
  readonly bytes: Uint8Array
}

export const encodePublication = (publication: Publication): EncodedPublication => {
  const bytes = Message.encode(publication).finish()
  // `data` is the last field on the wire. Pointing at it there lets go of the message it
  // came in, which may be a batch of megabytes that the log would otherwise hold.
  const data = bytes.subarray(bytes.byteLength - publication.data.byteLength)
  return { publication: { ...publication, data }, bytes }
}

/** Throws on bytes that are no publication; only the mesh hands us such bytes. */
export const decodePublication = (bytes: Uint8Array): EncodedPublication => {
  const message = Message.decode(new BinaryReader(bytes))
  if (message.position === undefined) throw new Error("a publication without a position")
  return { publication: { ...message, position: message.position }, bytes }
}
