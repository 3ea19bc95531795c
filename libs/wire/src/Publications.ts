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

export const encodePublication = (publication: Publication): EncodedPublication => ({
  publication,
  bytes: Message.encode(publication).finish()
})

/** Throws on bytes that are no publication; only the mesh hands us such bytes. */
export const decodePublication = (bytes: Uint8Array): EncodedPublication => {
  const message = Message.decode(new BinaryReader(bytes))
  if (message.position === undefined) throw new Error("a publication without a position")
  return { publication: { ...message, position: message.position }, bytes }
}
