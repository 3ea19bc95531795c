/**
 * Dispatch: brings a call to the server that will have it.
 *
 * Only what Redis has refused is sent again: a refusal did not happen. A lost
 * answer is never asked for again here.
 */
import type { Redis as Connection } from "ioredis"
import { isOpen, type Line, lineOf } from "./Line.ts"
import type { Argument } from "./Redis.ts"
import { RedisFailure } from "./RedisFailure.ts"
import { isRefusal, Request, toFailure } from "./Request.ts"
import type { Script } from "./Script.ts"
import type { Servers } from "./Servers.ts"

export interface Call {
  readonly slot: number | undefined
  readonly toRequest: (line: Line) => Request
  /** What to do when the server does not know the script. */
  readonly onUnknownScript: (line: Line) => void
}

export const scriptCall = (
  script: Script,
  keys: ReadonlyArray<string>,
  args: ReadonlyArray<Argument>,
  slot: number | undefined
): Call => ({
  slot,
  toRequest: (line) =>
    line.needsText(script.sha1)
      ? new Request("EVAL", [script.lua, keys.length, ...keys, ...args])
      : new Request("EVALSHA", [script.sha1, keys.length, ...keys, ...args]),
  onUnknownScript: (line) => line.forget(script.sha1)
})

export const commandCall = (
  name: string,
  args: ReadonlyArray<Argument>,
  slot: number | undefined
): Call => ({ slot, toRequest: () => new Request(name, args), onUnknownScript: () => {} })

/** Enough for a script that is unknown, and for slots that move meanwhile. */
const refusalLimit = 8

/** A slot that is on its way: its keys are on two servers for a moment. */
const tryAgainMs = 20

interface Turn {
  readonly connection: Connection | undefined
  readonly isAsking: boolean
}

/** Where to go after a refusal; undefined: it is final. */
const afterRefusal = async (
  servers: Servers,
  call: Call,
  line: Line,
  message: string
): Promise<Turn | undefined> => {
  const [code, , address] = message.split(" ", 3)
  const again = (connection = servers.ownerOf(call.slot)) => ({ connection, isAsking: false })
  if (code === "NOSCRIPT") {
    call.onUnknownScript(line)
    return { connection: line.connection, isAsking: false }
  }
  if (code === "TRYAGAIN") {
    await new Promise((resolve) => setTimeout(resolve, tryAgainMs))
    return again()
  }
  if (code !== "MOVED" && code !== "ASK") return undefined
  const named = address === undefined ? undefined : servers.at(address)
  if (code === "ASK" && named !== undefined) return { connection: named, isAsking: true }
  const refreshed = servers.refresh()
  if (named !== undefined) return again(named)
  await refreshed
  return again()
}

/** Lets the next command in where its slot is on the way to; the answer to that one says if not. */
const asking = (): Request => {
  const request = new Request("ASKING", [])
  request.promise.catch(() => {})
  return request
}

/** Fails with `RedisFailure` only. */
export const dispatch = async <A>(
  servers: Servers,
  call: Call,
  send: (connection: Connection, requests: ReadonlyArray<Request>) => Promise<A>
): Promise<A> => {
  let turn: Turn = { connection: servers.ownerOf(call.slot), isAsking: false }
  for (let refusals = 0; ; ) {
    const { connection, isAsking } = turn
    if (connection === undefined || !isOpen(connection))
      throw new RedisFailure({ kind: "unreachable", message: "Redis cannot be reached" })
    const line = lineOf(connection)
    const request = call.toRequest(line)
    try {
      return await send(connection, isAsking ? [asking(), request] : [request])
    } catch (error) {
      const failure = toFailure(error as Error, request)
      if (!isRefusal(error as Error) || ++refusals === refusalLimit) throw failure
      const next = await afterRefusal(servers, call, line, failure.message)
      if (next === undefined) throw failure
      turn = next
    }
  }
}
