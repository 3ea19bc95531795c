/**
 * Member: something of the cluster that can be started, again and again.
 */
import type { Role } from "@weir/cluster/View"
import type { Effect, Scope } from "effect"
import type { Child, StartFailed } from "./Child.ts"

/** What is told of a node once it is ready: the shape that programs rely on. */
export interface NodeLine {
  readonly node: string
  readonly role: string
  readonly pid: number
  readonly http: string | null
  readonly grpc: string | null
  readonly mesh: string | null
  readonly ops: string
}

export interface RedisLine {
  readonly node: "redis"
  readonly role: "redis"
  readonly pid: number
  readonly port: number
}

export type ReadyLine = NodeLine | RedisLine

export interface Launched {
  readonly child: Child
  /** Fails when it ends before. */
  readonly ready: Effect.Effect<ReadyLine, StartFailed>
}

export interface Member {
  readonly name: string
  readonly role: Role | "redis"
  /** Starts it; it ends with the scope. */
  readonly launch: Effect.Effect<Launched, StartFailed, Scope.Scope>
}
