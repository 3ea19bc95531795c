/**
 * RetainedEvents: what was said to a client that reads by events, until it has it.
 *
 * Each line gets a number, the cursor, from 1 on. What was delivered is kept for a client that
 * lost it on the way, as far as there is room; what was not is never dropped: who writes is told
 * that there is no room, and stops.
 */

/** Some of the lines, and the cursor of the last one. */
export interface Events {
  readonly lines: ReadonlyArray<Uint8Array>
  readonly cursor: number
}

export interface RetainedLimits {
  readonly maxFrames: number
  readonly maxBytes: number
}

export class RetainedEvents {
  readonly #limits: RetainedLimits
  #lines: Array<Uint8Array> = []
  /** Lines before those, gone. */
  #gone = 0
  #bytes = 0
  #delivered = 0
  #undeliveredBytes = 0

  constructor(limits: RetainedLimits) {
    this.#limits = limits
  }

  /** The cursor of the newest line. */
  get last(): number {
    return this.#gone + this.#lines.length
  }

  /** Everything up to this cursor has been delivered. */
  get delivered(): number {
    return this.#delivered
  }

  /** The client lacks as much as may be kept. */
  get isFull(): boolean {
    return (
      this.last - this.#delivered >= this.#limits.maxFrames ||
      this.#undeliveredBytes >= this.#limits.maxBytes
    )
  }

  append(line: Uint8Array): void {
    this.#lines.push(line)
    this.#bytes += line.byteLength
    this.#undeliveredBytes += line.byteLength
    this.#trim()
  }

  /** What follows the cursor; undefined where that is not kept any more, or was never there. */
  after(cursor: number, maxLines: number, maxBytes: number): Events | undefined {
    if (cursor < this.#gone || cursor > this.last) return undefined
    const begin = cursor - this.#gone
    let end = begin
    for (let bytes = 0; end < this.#lines.length && end - begin < maxLines; end++) {
      bytes += this.#lines[end]!.byteLength
      if (bytes > maxBytes && end > begin) break
    }
    return { lines: this.#lines.slice(begin, end), cursor: this.#gone + end }
  }

  /** It was handed over, and may still be lost on its way. */
  deliver(cursor: number): void {
    for (; this.#delivered < cursor; this.#delivered++) {
      this.#undeliveredBytes -= this.#lines[this.#delivered - this.#gone]!.byteLength
    }
    this.#trim()
  }

  /** The client has it: nobody asks for it again. */
  acknowledge(cursor: number): void {
    this.deliver(cursor)
    this.#drop(cursor - this.#gone)
  }

  #trim(): void {
    const { maxBytes, maxFrames } = this.#limits
    const spare = this.#delivered - this.#gone
    let count = 0
    let bytes = this.#bytes
    while (count < spare && (this.#lines.length - count > maxFrames || bytes > maxBytes)) {
      bytes -= this.#lines[count++]!.byteLength
    }
    this.#drop(count)
  }

  #drop(count: number): void {
    if (count <= 0) return
    for (const line of this.#lines.splice(0, count)) this.#bytes -= line.byteLength
    this.#gone += count
  }
}
