/**
 * Publisher: publishes in order, and again until it is decided.
 *
 * One lane for each channel with something undecided. Each publication has a message id, so
 * that sending it again cannot double it.
 */
import type { Backoff } from "./Backoff.ts"
import type { Codec, Payload } from "./Codec.ts"
import { encodeData } from "./Data.ts"
import { asWeirError, WeirError } from "./Failure.ts"
import type { Pace } from "./Pace.ts"
import { type Published, PublishLane } from "./PublishLane.ts"

export interface PublishOptions {
  /** At most 64 bytes; made at random when absent. */
  readonly messageId?: string | undefined
  /**
   * What the data is the newest of, at most 64 bytes: a price by its symbol, a position by its
   * vehicle. Where a namespace conflates by key, who reads slowly gets the newest of each.
   */
  readonly key?: string | undefined
  /** `text/plain` for a string as text; any other than JSON for a `Uint8Array`. */
  readonly contentType?: string | undefined
  /** Not to this client's own subscription; to all others, also of the same user. */
  readonly excludeSelf?: boolean | undefined
  /** How long to go on trying; 15 s when absent. */
  readonly timeoutMs?: number | undefined
}

const TIMEOUT_MS = 15_000
const MAX_LANES = 1024

export class Publisher {
  readonly #lanes = new Map<string, PublishLane>()
  readonly #codec: Codec
  readonly #backoff: Backoff
  readonly #random: () => number
  #pace: Pace | undefined

  constructor(codec: Codec, backoff: Backoff, random: () => number) {
    this.#codec = codec
    this.#backoff = backoff
    this.#random = random
  }

  async publish(
    channel: string,
    data: unknown,
    options: PublishOptions & { readonly messageId: string }
  ): Promise<Published> {
    const { timeoutMs = TIMEOUT_MS } = options
    const payload = this.#payload(channel, data, options)
    return this.#lane(channel).publish(payload, timeoutMs)
  }

  connected(pace: Pace): void {
    this.#pace = pace
    this.resume()
  }

  disconnected(): void {
    this.#pace = undefined
    for (const lane of this.#lanes.values()) lane.disconnected()
  }

  /** Sends what there is room for, channel by channel in turn. */
  resume(): void {
    for (const [channel, lane] of [...this.#lanes]) {
      if (this.#pace?.hasRoom !== true) return
      if (!lane.resume()) continue
      this.#lanes.delete(channel)
      this.#lanes.set(channel, lane)
    }
  }

  /**
   * The server could not take a frame for its size, and so could not say which:
   * the largest that it has not answered is above the limit, whichever it was.
   */
  rejectLargest(error: WeirError): void {
    const candidates = Array.from(this.#lanes.values(), ({ largest }) => largest)
    candidates.sort((a, b) => b.bytes - a.bytes)[0]?.reject(error)
  }

  fail(error: WeirError): void {
    for (const lane of [...this.#lanes.values()]) lane.fail(error)
  }

  #payload(
    channel: string,
    data: unknown,
    { contentType, excludeSelf, key, messageId }: PublishOptions
  ): Payload {
    const encoded = encodeData(data, contentType)
    const exclusion = excludeSelf === true ? { excludeSelf } : {}
    try {
      const head = { channel, messageId, ...(key === undefined ? {} : { key }) }
      return this.#codec.payload("publish", { ...head, ...exclusion, ...encoded })
    } catch (error) {
      // JSON.stringify throws on circles and on BigInt.
      throw asWeirError(error, "bad_request")
    }
  }

  #lane(channel: string): PublishLane {
    const known = this.#lanes.get(channel)
    if (known !== undefined) return known
    if (this.#lanes.size >= MAX_LANES) {
      throw new WeirError("too_many_requests", `${MAX_LANES} channels have undecided publications`)
    }
    const lane = new PublishLane(channel, {
      backoff: this.#backoff,
      random: this.#random,
      send: (payload, answer) => this.#pace?.request("publish", payload, answer) ?? false,
      onTurn: () => this.resume(),
      onEmpty: () => this.#lanes.delete(channel)
    })
    this.#lanes.set(channel, lane)
    return lane
  }
}
