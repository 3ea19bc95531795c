/**
 * Story: a history told in a few lines. One channel, and a millisecond from each
 * event to the next.
 */
import type { Position } from "@weir/core/Position"
import type { FinalLog, HistoryEvent, LogEntry, Own, PublishOk } from "../history/History.ts"

type Unless<T> = Partial<Omit<T, "t" | "type">>

export const channel = "chat:a"

export const at = (offset: number, term = 1, epoch = "e1"): Position => ({ epoch, term, offset })

export class Story {
  readonly events: Array<HistoryEvent> = []
  readonly #publisherOf = new Map<string, string>()

  #tell(event: { readonly type: HistoryEvent["type"] } & Record<string, unknown>): this {
    this.events.push({ t: this.events.length + 1, ...event } as unknown as HistoryEvent)
    return this
  }

  #publishing(process: string, messageId: string, more: Record<string, unknown>): this {
    return this.#tell({ type: "publish", process, channel, messageId, ...more })
  }

  invoke(process: string, messageId: string): this {
    this.#publisherOf.set(messageId, process)
    return this.#publishing(process, messageId, { phase: "invoke", sha: `sha of ${messageId}` })
  }

  ok(process: string, messageId: string, position: Position, duplicate = false): this {
    return this.#publishing(process, messageId, { phase: "ok", position, duplicate })
  }

  fail(process: string, messageId: string): this {
    return this.#publishing(process, messageId, { phase: "fail", code: "bad_request" })
  }

  info(process: string, messageId: string): this {
    return this.#publishing(process, messageId, { phase: "info", code: "timeout" })
  }

  publish(process: string, messageId: string, position: Position): this {
    return this.invoke(process, messageId).ok(process, messageId, position)
  }

  subscribed(subscriber: string, position: Position, next = position.offset + 1): this {
    const more = { channel, position, recovered: false, next }
    return this.#tell({ type: "subscribe", phase: "ok", subscriber, ...more })
  }

  recovered(
    subscriber: string,
    since: Position,
    position: Position,
    next = since.offset + 1
  ): this {
    const more = { channel, since, position, recovered: true, next }
    return this.#tell({ type: "subscribe", phase: "ok", subscriber, ...more })
  }

  refused(
    subscriber: string,
    since: Position,
    reason: string,
    position: Position,
    next = position.offset + 1
  ): this {
    const more = { channel, since, position, recovered: false, reason, next }
    return this.#tell({ type: "subscribe", phase: "ok", subscriber, ...more })
  }

  got(
    subscriber: string,
    messageId: string,
    position: Position,
    unless: Unless<object> = {}
  ): this {
    const publisher = this.#publisherOf.get(messageId) ?? "nobody"
    const more = { channel, position, publisher, messageId, sha: `sha of ${messageId}` }
    return this.#tell({ type: "deliver", subscriber, ...more, via: "wire", ...unless })
  }

  called(subscriber: string, messageId: string, position: Position): this {
    return this.got(subscriber, messageId, position, { via: "callback" })
  }

  gap(subscriber: string, reason: string, position: Position, from?: number, to?: number): this {
    const range = from === undefined ? {} : { from, to }
    return this.#tell({ type: "gap", subscriber, channel, reason, ...range, position })
  }

  close(subscriber: string, final = false): this {
    return this.#tell({ type: "close", subscriber, code: 1006, final })
  }

  connected(subscriber: string): this {
    return this.#tell({ type: "connected", subscriber })
  }

  own(node: string, what: Own["what"], term: number, shard = 7): this {
    return this.#tell({ type: "own", node, shard, term, what })
  }

  exit(process: string, expected: boolean): this {
    return this.#tell({ type: "exit", process, expected })
  }

  /** The log holds what was acknowledged, but for some offsets: another id there, or nothing. */
  log(
    changes: Readonly<Record<number, string | undefined>> = {},
    { epoch = "e1", floor = 1, term = 1 }: Unless<FinalLog> & { readonly term?: number } = {}
  ): this {
    const acked = this.events.filter(
      (event): event is PublishOk => event.type === "publish" && event.phase === "ok"
    )
    const entries = new Map<number, LogEntry>()
    const put = (offset: number, messageId: string, term: number) =>
      entries.set(offset, {
        ...{ offset, term, messageId, publisher: this.#publisherOf.get(messageId) ?? "nobody" },
        sha: `sha of ${messageId}`
      })
    for (const { messageId, position } of acked) {
      if (position.epoch === epoch && position.offset >= floor) {
        put(position.offset, messageId, position.term)
      }
    }
    for (const [offset, messageId] of Object.entries(changes)) {
      if (messageId === undefined) entries.delete(Number(offset))
      else put(Number(offset), messageId, entries.get(Number(offset))?.term ?? term)
    }
    const sorted = [...entries.values()].sort((a, b) => a.offset - b.offset)
    return this.#tell({ type: "log", channel, epoch, floor, entries: sorted })
  }
}

/** Three publications of `w1`, at 1 to 3. */
export const three = (story = new Story()): Story =>
  story.publish("w1", "m1", at(1)).publish("w1", "m2", at(2)).publish("w1", "m3", at(3))
