/**
 * AuditLine: what was done and what was refused, as lines that prove each other.
 *
 * Each holds the SHA-256 of the line before it, so that none can be changed, taken out or put in
 * without all that follow. Who has kept the hash of the last one can prove the end, too.
 */
import { createHash } from "node:crypto"

export interface AuditEvent {
  /** Unix milliseconds. */
  readonly at: number
  /** Who did it, or tried: an API key's id, a user, a node. */
  readonly actor: string
  /** Where from; empty: not known. */
  readonly address: string
  /** Such as `ban` or `connect`. */
  readonly action: string
  /** Whom or what it concerned, such as `user ann`. */
  readonly target: string
  /** `ok`, or the code of a failure or the name of a close code. */
  readonly result: string
  /** Of the request, where there was one. */
  readonly requestId: string
  /** More for people. Never a secret. */
  readonly detail: string
}

/** The last line: its number, from 1, and its hash. */
export interface AuditHead {
  readonly number: number
  /** SHA-256, in hex. */
  readonly hash: string
}

/** Before the first line. */
export const noLines: AuditHead = { number: 0, hash: "0".repeat(64) }

const hashOf = (line: string): string => createHash("sha256").update(line).digest("hex")

/** The event as the line behind `previous`. */
export const auditLine = (
  event: AuditEvent,
  previous: AuditHead
): { readonly line: string; readonly head: AuditHead } => {
  const { action, actor, address, at, detail, requestId, result, target } = event
  const number = previous.number + 1
  const line = JSON.stringify({
    number,
    time: new Date(at).toISOString(),
    ...{ actor, address, action, target, result, requestId, detail },
    previous: previous.hash
  })
  return { line, head: { number, hash: hashOf(line) } }
}

export type Verified =
  /** `first`: the number of the oldest line that is there. */
  | { readonly _tag: "Whole"; readonly first: number; readonly head: AuditHead }
  | { readonly _tag: "Broken"; readonly number: number; readonly why: string }

const read = (line: string): { readonly number: number; readonly previous: string } | undefined => {
  try {
    const { number, previous } = JSON.parse(line)
    return Number.isSafeInteger(number) && typeof previous === "string"
      ? { number, previous }
      : undefined
  } catch {
    return undefined
  }
}

/** Goes through lines, one after the other, and says where they stop proving each other. */
export class AuditVerifier {
  #first = 0
  #head: AuditHead = noLines
  #broken: Verified | undefined
  #count = 0

  add(line: string): void {
    if (this.#broken !== undefined) return
    this.#count += 1
    const said = read(line)
    if (said === undefined) return this.#break(this.#head.number + 1, "it is no line of the trail")
    if (this.#count === 1) {
      if (said.number === 1 && said.previous !== noLines.hash) {
        return this.#break(1, "the first line names one before it")
      }
      this.#first = said.number
    } else if (said.number !== this.#head.number + 1) {
      return this.#break(said.number, `it follows line ${this.#head.number}`)
    } else if (said.previous !== this.#head.hash) {
      return this.#break(this.#head.number, "it is not what the next line has the hash of")
    }
    this.#head = { number: said.number, hash: hashOf(line) }
  }

  #break(number: number, why: string): void {
    this.#broken = { _tag: "Broken", number, why }
  }

  /** What is known now. */
  get result(): Verified {
    return this.#broken ?? { _tag: "Whole", first: this.#first, head: this.#head }
  }
}
