/**
 * Publisher: publishes in order, and again until it is decided.
 *
 * One lane for each channel with something undecided. A message id is made for
 * each publication that has none, so that sending it again cannot double it.
 */
import type { Backoff } from "./Backoff.ts"
import type { Connection } from "./Connection.ts"
import { encodeData } from "./Data.ts"
import { asWeirError, WeirError } from "./Failure.ts"
import { newMessageId } from "./MessageId.ts"
import { type Published, PublishLane } from "./PublishLane.ts"

export interface PublishOptions {
  /** At most 64 bytes; made at random when absent. */
  readonly messageId?: string | undefined
  /** `text/plain` for a string as text; any other than JSON for a `Uint8Array`. */
  readonly contentType?: string | undefined
  /** How long to go on trying; 15 s when absent. */
  readonly timeoutMs?: number | undefined
}

const TIMEOUT_MS = 15_000
const MAX_LANES = 1024

export class Publisher {
  readonly #lanes = new Map<string, PublishLane>()
  readonly #backoff: Backoff
  readonly #random: () => number
  #connection: Connection | undefined

  constructor(backoff: Backoff, random: () => number) {
    this.#backoff = backoff
    this.#random = random
  }

  async publish(channel: string, data: unknown, options: PublishOptions): Promise<Published> {
    const { messageId = newMessageId(), contentType, timeoutMs = TIMEOUT_MS } = options
    const payload = payloadOf(channel, messageId, data, contentType)
    return this.#lane(channel).publish(payload, timeoutMs)
  }

  connected(connection: Connection): void {
    this.#connection = connection
    for (const lane of this.#lanes.values()) lane.resume()
  }

  disconnected(): void {
    this.#connection = undefined
    for (const lane of this.#lanes.values()) lane.disconnected()
  }

  fail(error: WeirError): void {
    for (const lane of [...this.#lanes.values()]) lane.fail(error)
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
      send: (payload, answer) => this.#connection?.request("publish", payload, answer) ?? false,
      onEmpty: () => this.#lanes.delete(channel)
    })
    this.#lanes.set(channel, lane)
    return lane
  }
}

const payloadOf = (channel: string, messageId: string, data: unknown, contentType?: string) => {
  try {
    return JSON.stringify({ channel, messageId, ...encodeData(data, contentType) })
  } catch (error) {
    // JSON.stringify throws on circles and on BigInt.
    throw asWeirError(error, "bad_request")
  }
}
