/**
 * Duplex: one bidirectional call, from either end, with real backpressure.
 *
 * Reading is by demand, so that a slow reader closes the HTTP/2 window and the
 * peer's `write()` turns false; `writeAll` then waits for the drain.
 */
import { NodeStream } from "@effect/platform-node"
import type * as grpc from "@grpc/grpc-js"
import { Failure, failure } from "@weir/core/Failure"
import { type Array as Arr, Effect, type Scope, Stream } from "effect"
import { decodeMessage, encodeMessage, type MessageType } from "./ServiceDefinition.ts"
import { toFailure } from "./Status.ts"

export interface Duplex<In, Out> {
  /** Ends when the peer ends; fails with `bad_request` on bytes that do not decode. */
  readonly inbound: Stream.Stream<In, Failure>
  /** Writes in order; waits while the peer does not read. Fails once the call is over. */
  readonly writeAll: (messages: Arr.NonEmptyReadonlyArray<Out>) => Effect.Effect<void, Failure>
  /**
   * Instead of `inbound`: each message as bytes, at once, without a fiber to be woken for it.
   * Runs until the peer ends. Nothing holds the peer back: what may be on its way must be
   * bounded by the two otherwise, as by a lane's credit.
   */
  readonly receive: (onMessage: (bytes: Buffer) => void) => Effect.Effect<void, Failure>
  /** As `writeAll`, for messages that are encoded already. */
  readonly writeBytes: (messages: ReadonlyArray<Uint8Array>) => Effect.Effect<void, Failure>
}

type RawCall = grpc.ServerDuplexStream<Buffer, Buffer> | grpc.ClientDuplexStream<Buffer, Buffer>

type Resume = (result: Effect.Effect<void, Failure>) => void

export const fromCall = Effect.fnUntraced(function* <In, Out>(
  call: RawCall,
  inType: MessageType<In>,
  outType: MessageType<Out>
): Effect.fn.Return<Duplex<In, Out>, never, Scope.Scope> {
  let ended: Failure | undefined
  const writers = new Set<Resume>()
  const readers = new Set<Resume>()
  const wake = (waiting: Set<Resume>, result: Effect.Effect<void, Failure>) => {
    for (const resume of [...waiting]) {
      waiting.delete(resume)
      resume(result)
    }
  }
  const end = (why: Failure) => {
    ended ??= why
    for (const waiting of [writers, readers]) wake(waiting, Effect.fail(ended))
  }
  const onDrain = () => wake(writers, Effect.void)
  const onError = (error: unknown) => end(toFailure(error))
  const onClose = () => end(failure("unavailable", "the call has ended"))
  yield* Effect.acquireRelease(
    Effect.sync(() =>
      call.on("drain", onDrain).on("error", onError).on("close", onClose).on("cancelled", onClose)
    ),
    // "error" stays: grpc-js emits it late, and an unheard one would end the process.
    () =>
      Effect.sync(() => call.off("drain", onDrain).off("close", onClose).off("cancelled", onClose))
  )
  const raw = NodeStream.fromReadable<Buffer, Failure>({
    evaluate: () => call,
    onError: toFailure,
    closeOnDone: false,
    chunkSize: 256
  })
  const decode = (bytes: Buffer): Effect.Effect<In, Failure> => {
    const message = decodeMessage(inType, bytes)
    return message instanceof Failure ? Effect.fail(message) : Effect.succeed(message)
  }
  const write = (messages: ReadonlyArray<Uint8Array>): Effect.Effect<void, Failure> =>
    Effect.callback((resume) => {
      if (ended !== undefined) return resume(Effect.fail(ended))
      let writable = true
      for (const message of messages) writable = call.write(message as Buffer)
      if (writable) return resume(Effect.void)
      writers.add(resume)
      return Effect.sync(() => {
        writers.delete(resume)
      })
    })
  return {
    inbound: Stream.mapArrayEffect(raw, (batch) => Effect.forEach(batch, decode) as never),
    writeAll: (messages) => write(messages.map((message) => encodeMessage(outType, message))),
    receive: (onMessage) =>
      Effect.callback((resume) => {
        const onData = (bytes: Buffer) => {
          try {
            onMessage(bytes)
          } catch (defect) {
            resume(Effect.die(defect))
          }
        }
        const onEnd = () => resume(Effect.void)
        readers.add(resume)
        if (ended !== undefined) resume(Effect.fail(ended))
        call.on("end", onEnd).on("data", onData)
        return Effect.sync(() => {
          readers.delete(resume)
          call.off("data", onData).off("end", onEnd)
        })
      }),
    writeBytes: write
  }
})
