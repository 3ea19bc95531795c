/**
 * PeerProcess: starts a server of `servers/` that says itself where it listens.
 */
import { Effect, type Scope } from "effect"
import { spawn } from "../Child.ts"
import type { BenchFailure, Process } from "../System.ts"
import { serverFile } from "./OwnServer.ts"

export interface PeerProcess extends Process {
  /** `host:port`. */
  readonly address: string
  /** Of its library. */
  readonly version: string
}

const startLimitMs = 15_000

export const startPeer = Effect.fnUntraced(function* (
  name: string,
  args: ReadonlyArray<string>,
  core: number | undefined
): Effect.fn.Return<PeerProcess, BenchFailure, Scope.Scope> {
  const child = yield* spawn({
    command: process.execPath,
    args: [serverFile(name), ...args],
    ...{ name, core }
  })
  const line = yield* child.nextLine((it) => it.startsWith('{"address"'), startLimitMs)
  const { address, version } = JSON.parse(line) as Pick<PeerProcess, "address" | "version">
  return { name, pid: child.pid, address, version }
})
