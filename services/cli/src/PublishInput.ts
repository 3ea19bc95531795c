/**
 * PublishInput: publishes the lines of standard input, and tells how far it is.
 */
import * as NodeStream from "@effect/platform-node/NodeStream"
import type { Failure } from "@weir/core/Failure"
import type { Accepted } from "@weir/core/Publication"
import { type PublishRequest, PublishServiceDefinition } from "@weir/proto/api/v1/publish"
import { type Cause, Effect, Queue, Stream } from "effect"
import * as Api from "./Api.ts"
import { type CommandFailed, refused } from "./CommandFailed.ts"
import { fromText } from "./Content.ts"
import type { ApiFlags } from "./Flags.ts"
import { publishAll } from "./LinePublisher.ts"
import { Lines } from "./Lines.ts"
import { complain, note, print } from "./Output.ts"
import { numberText, rateText, withProgress } from "./Progress.ts"
import { tellAccepted } from "./PublicationText.ts"

export interface Input {
  readonly channel: string
  /** What every message id begins with; behind it stands the number of the line. */
  readonly id: string
  /** What all of them are the newest of; empty as a rule. */
  readonly key: string
  readonly json: boolean
}

/** Lines that wait to be sent; whoever writes more is held up. */
const mostWaiting = 1_024

type Requests = Queue.Queue<PublishRequest, Cause.Done>

/** Reads the lines as fast as they are published. */
const offerLines = (requests: Requests, { channel, id, key }: Input) => {
  const lines = new Lines()
  let count = 0
  const offer = (some: ReadonlyArray<string>) =>
    Queue.offerAll(
      requests,
      some
        .map((line) => ({ line, messageId: `${id}-${++count}` }))
        .filter(({ line }) => line.trim() !== "")
        .map(({ line, messageId }) => ({ channel, messageId, key, ...fromText(line) }))
    )
  return NodeStream.fromReadable<Uint8Array, CommandFailed>({
    evaluate: () => process.stdin,
    onError: (cause) => refused(`standard input cannot be read: ${String(cause)}`)
  }).pipe(
    Stream.runForEach((piece) => {
      const some = lines.push(piece)
      return some === undefined
        ? Effect.fail(refused(`line ${count + 1} of the input is longer than 4 MiB`))
        : offer(some)
    }),
    Effect.andThen(Effect.suspend(() => offer(lines.end()))),
    Effect.andThen(Queue.end(requests))
  )
}

/** What has become of the lines so far. */
class Tally {
  readonly #input: Input
  readonly #isTyped: boolean
  readonly #tellsEach: boolean
  readonly #began = Date.now()
  accepted = 0
  refused = 0
  #repeated = 0
  #first = 0
  #last = 0

  constructor(input: Input, isTyped: boolean) {
    this.#input = input
    this.#isTyped = isTyped
    this.#tellsEach = isTyped || input.json
  }

  onAccepted(accepted: Accepted): void {
    const { offset } = accepted.position
    if (this.accepted++ === 0) this.#first = offset
    this.#last = offset
    if (accepted.duplicate) this.#repeated++
    if (this.#tellsEach) tellAccepted(this.#input.channel, accepted, this.#input.json)
  }

  onRefused({ messageId }: PublishRequest, { message }: Failure): void {
    this.refused++
    complain(`line ${messageId.slice(this.#input.id.length + 1)} is not published: ${message}`)
  }

  /** In the end; `isCut`: there would have been more. */
  tell(isCut: boolean): void {
    if (this.accepted === 0) {
      if (!isCut && this.refused === 0) note("no line came: nothing is published")
      return
    }
    if (!this.#tellsEach) {
      print(`${this.#input.channel}  offsets ${this.#first} to ${this.#last}`)
    }
    // Whoever types knows how fast.
    const rate = rateText(this.accepted, this.#isTyped ? 0 : Date.now() - this.#began)
    const before = this.#repeated === 0 ? "" : `, ${numberText(this.#repeated)} of them before`
    note(`${rate}${before}${isCut ? ", then cut short" : ""}`)
  }
}

export const publishInput = Effect.fnUntraced(function* (flags: ApiFlags, input: Input) {
  const isTyped = process.stdin.isTTY === true
  if (isTyped) note(`each line is published on ${input.channel}; Ctrl-D ends it`)
  const tally = new Tally(input, isTyped)
  const requests = yield* Queue.bounded<PublishRequest, Cause.Done>(mostWaiting)
  const published = Api.ask(PublishServiceDefinition, flags, (client, options) =>
    publishAll(client, options, requests, {
      accepted: (_message, accepted) => tally.onAccepted(accepted),
      refused: (message, failure) => tally.onRefused(message, failure)
    }).pipe(Effect.catchTag("ChannelRefused", ({ failure }) => Effect.fail(failure)))
  )
  const read = Effect.andThen(offerLines(requests, input), Effect.never)
  const work = Effect.raceFirst(published, read)
  yield* (isTyped ? work : withProgress(work, () => tally.accepted)).pipe(
    Effect.onExit((exit) => Effect.sync(() => tally.tell(exit._tag === "Failure")))
  )
  if (tally.refused > 0) {
    return yield* refused(`${numberText(tally.refused)} lines are not published`)
  }
})
