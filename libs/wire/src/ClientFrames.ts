/**
 * ClientFrames: what a client sent, decoded and checked for form.
 *
 * Both encodings end in the same generated `ClientFrame`, so that nothing behind
 * this file knows which one a client speaks. Form only: whether a channel exists
 * or a verb is allowed is for others to say.
 */
import { type Failure, failure } from "@weir/core/Failure"
import type { ClientFrame } from "@weir/proto/client/v1/client"

export type ClientPayload = NonNullable<ClientFrame["payload"]>

/** A request of the client, or why it is none. */
export type Decoded =
  | { readonly _tag: "Frame"; readonly id: number; readonly payload: ClientPayload }
  | {
      readonly _tag: "Malformed"
      /** The request's id where it could be read; 0 otherwise. */
      readonly id: number
      readonly failure: Failure
      /** The frame could not be parsed at all, which counts against the connection. */
      readonly unparsable: boolean
    }

/** How many frames one message of the transport may hold. */
export const maxFramesPerMessage = 64

export const maxId = 2 ** 31 - 1

export const malformed = (id: number, failure: Failure): Decoded => ({
  _tag: "Malformed",
  id,
  failure,
  unparsable: false
})

export const unparsable = (message: string): Decoded => ({
  _tag: "Malformed",
  id: 0,
  failure: failure("bad_request", message),
  unparsable: true
})

const mayOmitId = (payload: ClientPayload): boolean =>
  payload.$case === "pong" || payload.$case === "signal"

/** Checks the id, which is the same rule in both encodings; 0 stands for "left out". */
export const withId = (id: number, payload: ClientPayload): Decoded => {
  if (Number.isInteger(id) && id >= 1 && id <= maxId) return { _tag: "Frame", id, payload }
  if (id === 0 && mayOmitId(payload)) return { _tag: "Frame", id: 0, payload }
  return malformed(0, failure("bad_request", `id: must be an integer from 1 to ${maxId}`))
}
