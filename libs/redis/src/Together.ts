/**
 * Together: calls of one script that are asked for in the same turn of the event loop, as one.
 *
 * An append of 8 publications costs Redis 44 µs and us 39 as a call of its own; 64 of them in
 * one call 35 and 25 each. While no answer is awaited there is little to do, and a call leaves
 * before the turn ends (as Nagle's algorithm has it, RFC 896): a fifth of the time that an
 * append took at 1,000 a second went by in waiting for that.
 */
import { type Call, dispatch, scriptCall } from "./Dispatch.ts"
import { type Line, lineOf } from "./Line.ts"
import type { Argument, Reply } from "./Redis.ts"
import { RedisFailure } from "./RedisFailure.ts"
import type { Script } from "./Script.ts"
import type { Servers } from "./Servers.ts"

/** Redis does nothing else while a script runs: some 2 ms for as many. */
const maxParts = 64
const maxBytes = 256 * 1024

export interface Part {
  readonly keys: ReadonlyArray<string>
  readonly args: ReadonlyArray<Argument>
  readonly answered: (reply: Reply) => void
  readonly failed: (error: unknown) => void
}

interface Group {
  readonly script: Script
  readonly slot: number | undefined
  readonly parts: Array<Part>
  bytes: number
}

const bytesOf = (args: ReadonlyArray<Argument>): number => {
  let bytes = 0
  for (const arg of args) bytes += typeof arg === "number" ? 8 : arg.length
  return bytes
}

const callOf = ({ parts, script, slot }: Group): Call =>
  scriptCall(
    script,
    parts.flatMap(({ keys }) => keys),
    parts.flatMap(({ args }) => args),
    slot
  )

export class Together {
  readonly #servers: Servers
  /** The last of each script and slot, to which more can be added. */
  #open = new Map<string, Group>()
  #groups: Array<Group> = []
  /** Calls that are not answered. */
  #underWay = 0

  constructor(servers: Servers) {
    this.#servers = servers
  }

  /** `slot`: of the keys; one call has those of one slot. */
  add(script: Script, slot: number | undefined, part: Part): void {
    if (this.#groups.length === 0) this.#flushSoon()
    const key = slot === undefined ? script.sha1 : `${script.sha1} ${slot}`
    const bytes = bytesOf(part.args)
    let group = this.#open.get(key)
    if (group === undefined || group.parts.length === maxParts || group.bytes + bytes > maxBytes) {
      group = { script, slot, parts: [], bytes: 0 }
      this.#open.set(key, group)
      this.#groups.push(group)
    }
    group.parts.push(part)
    group.bytes += bytes
  }

  #flushSoon(): void {
    if (this.#underWay === 0) queueMicrotask(() => this.#flush())
    else setImmediate(() => this.#flush())
  }

  #flush(): void {
    const groups = this.#groups
    this.#groups = []
    // Not cleared: that would hold all groups that ever were in it (`flow/TransientMap`).
    this.#open = new Map()
    const lines = new Set<Line>()
    for (const group of groups) this.#send(group, lines)
    // By itself a line would wait for the end of a turn, which for calls is over.
    for (const line of lines) line.flush()
  }

  async #send(group: Group, lines: Set<Line>): Promise<void> {
    const { parts } = group
    let replies: ReadonlyArray<unknown>
    this.#underWay++
    try {
      const answer = await dispatch(this.#servers, callOf(group), (connection, requests) => {
        const line = lineOf(connection)
        lines.add(line)
        line.send(requests)
        return requests.at(-1)!.promise
      })
      replies = answer as ReadonlyArray<unknown>
    } catch (error) {
      for (const { failed } of parts) failed(error)
      return
    } finally {
      this.#underWay--
    }
    parts.forEach(({ answered, failed }, index) => {
      const reply = replies[index]
      if (!(reply instanceof Error)) return answered(reply as Reply)
      failed(new RedisFailure({ kind: "refused", message: reply.message }))
    })
  }
}
