/**
 * ForwardResults: the answers to what was forwarded here, until they leave together.
 *
 * What was appended in a row is answered as one: publications of a channel come numbered in
 * a row, and are appended so as well.
 */
import type { Failure } from "@weir/core/Failure"
import type { Accepted } from "@weir/core/Publication"
import type { Source } from "@weir/grpc/Duplex"
import { encodeMessage } from "@weir/grpc/ServiceDefinition"
import { toMessage } from "@weir/mesh/Failures"
import { ForwardResponse, type ForwardResult } from "@weir/proto/mesh/v1/router"
import type { Exit } from "effect"
import type { Moved } from "../domain/Moved.ts"
import { outcomeOf } from "../Router.ts"

/** Of one message. */
const maxResults = 256

const resultOf = (id: number, exit: Exit.Exit<Accepted, Failure | Moved>): ForwardResult => {
  const outcome = outcomeOf(exit)
  switch (outcome._tag) {
    case "Accepted":
      return { id, result: { $case: "accepted", value: outcome.accepted }, more: 0 }
    case "Failed":
      return { id, result: { $case: "failure", value: toMessage(outcome.failure) }, more: 0 }
    case "Moved":
      return { id, result: { $case: "moved", value: { ...outcome.moved } }, more: 0 }
  }
}

/** It says the same of one more: the next id, at the next offset. */
const follows = (before: ForwardResult, id: number, { duplicate, position }: Accepted): boolean => {
  if (before.result?.$case !== "accepted" || id !== before.id + before.more + 1) return false
  const { duplicate: wasDuplicate, position: first } = before.result.value
  return (
    duplicate === wasDuplicate &&
    position.offset === first!.offset + before.more + 1 &&
    position.term === first!.term &&
    position.epoch === first!.epoch
  )
}

export class ForwardResults implements Source {
  // As many as there are undecided publications on the stream, at most.
  #results: Array<ForwardResult> = []
  onItems = (): void => {}

  add(id: number, exit: Exit.Exit<Accepted, Failure | Moved>): void {
    const last = this.#results.at(-1)
    if (last !== undefined && exit._tag === "Success" && follows(last, id, exit.value)) {
      last.more++
      return
    }
    this.#results.push(resultOf(id, exit))
    this.onItems()
  }

  /** One message of what has come in a turn. */
  readonly take = (): ReadonlyArray<Uint8Array> => {
    const results = this.#results.slice(0, maxResults)
    if (results.length === 0) return []
    this.#results = this.#results.slice(maxResults)
    if (this.#results.length > 0) this.onItems()
    return [encodeMessage(ForwardResponse, { results })]
  }
}
