/**
 * Duplex: one bidirectional call, from either end, with real backpressure.
 *
 * Reading `inbound` is by demand, so that a slow reader closes the HTTP/2 window and the
 * peer's `write()` turns false; `writeAll` then waits for the drain.
 */
import * as NodeStream from "@effect/platform-node/NodeStream"
import type * as grpc from "@grpc/grpc-js"
import { Failure, failure } from "@weir/core/Failure"
import { type Array as Arr, Effect, type Scope, Stream } from "effect"
import { decodeMessage, encodeMessage, type MessageType } from "./ServiceDefinition.ts"
import { toFailure } from "./Status.ts"

/** Where messages come from that are written without a fiber. */
export interface Source {
  /** The next messages, encoded. If it leaves some for later, it calls `onItems` itself. */
  readonly take: () => ReadonlyArray<Uint8Array>
  /** Set by whoever writes from it; the source calls it when it has something again. */
  onItems: () => void
}

export interface Duplex<In, Out> {
  /** Ends when the peer ends; fails with `bad_request` on bytes that do not decode. */
  readonly inbound: Stream.Stream<In, Failure>
  /** Writes in order; waits while the peer does not read. Fails once the call is over. */
  readonly writeAll: (messages: Arr.NonEmptyReadonlyArray<Out>) => Effect.Effect<void, Failure>
  /**
   * Instead of `inbound`: each message as bytes, at once, without a fiber to be woken for it.
   * Runs until the peer ends, or fails with what `onMessage` says of one. Only `pause` holds the
   * peer back: what may be on its way must be bounded by the two otherwise, as by a lane's credit.
   */
  readonly receive: (
    onMessage: (bytes: Buffer) => Failure | undefined
  ) => Effect.Effect<void, Failure>
  /** No more messages for `receive`, until `resume`. */
  readonly pause: () => void
  readonly resume: () => void
  /**
   * Instead of `writeAll`: writes what the source has, each time when the work at hand is done,
   * without a fiber to be woken for it. Takes nothing from it while the peer does not read.
   */
  readonly writeFrom: (source: Source) => Effect.Effect<never, Failure>
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
  const lossListeners = new Set<(why: Failure) => void>()
  const wakeWriters = (result: Effect.Effect<void, Failure>) => {
    for (const resume of [...writers]) {
      writers.delete(resume)
      resume(result)
    }
  }
  const end = (why: Failure) => {
    ended ??= why
    wakeWriters(Effect.fail(ended))
    for (const onLost of [...lossListeners]) onLost(ended)
  }
  const onDrain = () => wakeWriters(Effect.void)
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
        // Also when it ends by itself, for which Effect calls no finalizer: what is behind a
        // message that was refused is not to be heard.
        const stop = () => {
          lossListeners.delete(onLost)
          call.off("data", onData).off("end", onEnd)
        }
        const finish = (result: Effect.Effect<void, Failure>) => {
          stop()
          resume(result)
        }
        const onData = (bytes: Buffer) => {
          try {
            const refused = onMessage(bytes)
            if (refused !== undefined) finish(Effect.fail(refused))
          } catch (defect) {
            finish(Effect.die(defect))
          }
        }
        const onEnd = () => finish(Effect.void)
        const onLost = (why: Failure) => finish(Effect.fail(why))
        if (ended !== undefined) return onLost(ended)
        lossListeners.add(onLost)
        call.on("end", onEnd).on("data", onData)
        return Effect.sync(stop)
      }),
    pause: () => void call.pause(),
    resume: () => void call.resume(),
    writeFrom: (source) =>
      Effect.callback((resume) => {
        let isScheduled = false
        let isFull = false
        /** Nothing is taken any more: what the source has is for whoever writes from it next. */
        let hasStopped = false
        const stop = () => {
          hasStopped = true
          lossListeners.delete(onLost)
          writers.delete(onWritable)
        }
        const onLost = (why: Failure) => {
          stop()
          resume(Effect.fail(why))
        }
        const onWritable = () => {
          isFull = false
          writeSoon()
        }
        const writeSome = () => {
          isScheduled = false
          if (isFull || hasStopped) return
          try {
            for (const message of source.take()) isFull = !call.write(message as Buffer)
          } catch (defect) {
            stop()
            return resume(Effect.die(defect))
          }
          if (isFull) writers.add(onWritable)
        }
        const writeSoon = () => {
          if (isScheduled || isFull) return
          isScheduled = true
          queueMicrotask(writeSome)
        }
        if (ended !== undefined) return onLost(ended)
        lossListeners.add(onLost)
        source.onItems = writeSoon
        writeSoon()
        return Effect.sync(stop)
      })
  }
})
