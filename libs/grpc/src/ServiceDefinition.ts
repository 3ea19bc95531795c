/**
 * ServiceDefinition: what the code generated from `proto/` says about a service.
 *
 * The generated definitions know no gRPC library; this file gives them to
 * grpc-js with raw bytes in both directions. We decode ourselves, because a
 * deserialiser that throws inside grpc-js turns bad input into INTERNAL.
 */
import type { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire"
import type * as grpc from "@grpc/grpc-js"
import { type Failure, failure } from "@weir/core/Failure"
import { Writer } from "./Writer.ts"

export interface MessageType<T> {
  readonly encode: (message: T, writer?: BinaryWriter) => BinaryWriter
  readonly decode: (input: BinaryReader | Uint8Array, length?: number) => T
}

export interface MethodDefinition {
  readonly name: string
  // biome-ignore lint/suspicious/noExplicitAny: the one place where message types are not known
  readonly requestType: MessageType<any>
  readonly requestStream: boolean
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly responseType: MessageType<any>
  readonly responseStream: boolean
}

export interface ServiceDefinition {
  readonly name: string
  readonly fullName: string
  readonly methods: Readonly<Record<string, MethodDefinition>>
}

export type RequestOf<M extends MethodDefinition> = ReturnType<M["requestType"]["decode"]>
export type ResponseOf<M extends MethodDefinition> = ReturnType<M["responseType"]["decode"]>

const identity = (bytes: Buffer): Buffer => bytes

/** The method as grpc-js wants it, with bytes for messages. */
export const rawMethod = (
  service: ServiceDefinition,
  method: MethodDefinition
): grpc.MethodDefinition<Buffer, Buffer> => ({
  path: `/${service.fullName}/${method.name}`,
  requestStream: method.requestStream,
  responseStream: method.responseStream,
  requestSerialize: identity,
  requestDeserialize: identity,
  responseSerialize: identity,
  responseDeserialize: identity
})

/** A writer that has grown beyond this for one message is not kept. */
const maxKeptBytes = 64 * 1024

/**
 * One writer for all messages, since none is begun before another ends: a new one grows from
 * nothing by doubling, which for a batch cost as much as to encode it.
 */
let writer = new Writer()

export const encodeMessage = <T>(type: MessageType<T>, message: T): Buffer => {
  try {
    const bytes = type.encode(message, writer).finish()
    if (bytes.byteLength > maxKeptBytes) writer = new Writer()
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  } catch (defect) {
    // It has been left somewhere in the middle.
    writer = new Writer()
    throw defect
  }
}

/** The message, or `bad_request` for bytes that are none. */
export const decodeMessage = <T>(
  type: { readonly decode: (bytes: Uint8Array) => T },
  bytes: Uint8Array
): T | Failure => {
  try {
    return type.decode(bytes)
  } catch {
    return failure("bad_request", "the message is not valid protobuf for this method")
  }
}
