/**
 * Redis: one Redis, whatever its shape, as Effects that say what is known after
 * a failure.
 */
import { Context, type Effect, type Exit, type Stream } from "effect"
import type { RedisFailure } from "./RedisFailure.ts"
import type { Script } from "./Script.ts"

/** Bulk strings are bytes. */
export type Reply = Buffer | number | null | ReadonlyArray<Reply>

export type Argument = string | number | Uint8Array

/** An answer, and how many replicas were known to have everything before it. */
export interface DurableReply {
  readonly reply: Reply
  readonly replicas: number
}

export class Redis extends Context.Service<
  Redis,
  {
    /** Runs a script by its digest. All keys are in one slot. */
    readonly run: (
      script: Script,
      keys: ReadonlyArray<string>,
      args: ReadonlyArray<Argument>
    ) => Effect.Effect<Reply, RedisFailure>
    /**
     * Runs a script that answers a list: one call may have the keys and arguments of several
     * that are asked for in the same turn, one after the other, and answers each. One that the
     * script answers with an error has failed alone. Without a fiber: `answered` is called
     * once, later than this returns, and may not throw.
     */
    readonly runTogether: (
      script: Script,
      keys: ReadonlyArray<string>,
      args: ReadonlyArray<Argument>,
      answered: (exit: Exit.Exit<Reply, RedisFailure>) => void
    ) => void
    /**
     * Runs a script and waits until so many replicas have what it wrote, or 50 ms:
     * asked for in the same turn, many share one wait.
     */
    readonly runDurably: (
      script: Script,
      keys: ReadonlyArray<string>,
      args: ReadonlyArray<Argument>,
      replicas: number
    ) => Effect.Effect<DurableReply, RedisFailure>
    /** One command, sent to where its key is. */
    readonly command: (
      name: string,
      args: ReadonlyArray<Argument>
    ) => Effect.Effect<Reply, RedisFailure>
    readonly isUp: () => boolean
    /**
     * Emits each time Redis may not be what it was: after every reconnection, and when a
     * server's run id or its replication id has changed.
     */
    readonly changed: Stream.Stream<void>
  }
>()("weir/redis/Redis") {}
