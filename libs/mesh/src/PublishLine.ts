/**
 * PublishLine: the undecided publications of one channel, in order.
 *
 * All are under way at once, under one attempt number and at one owner. When one
 * of them is not decided there (the channel has moved, the connection is lost,
 * nothing is heard), the line stops, pauses, and begins again with the first
 * undecided one under another number. An owner refuses what is behind one that it
 * refused under the same number, so that none overtakes it.
 */
import { type Failure, failure } from "@weir/core/Failure"
import type { Accepted, Message } from "@weir/core/Publication"
import { Exit } from "effect"
import type { Attempt, Outcome, Resume } from "./Attempt.ts"
import { type Entry, makeEntry } from "./PublishEntry.ts"

/** What a line needs of the outside. */
export interface LineHost {
  readonly attempt: Attempt
  readonly ownerOf: (channel: string) => string | undefined
  /** A coarse clock that only runs forward. */
  readonly now: () => number
  /** Calls `begin` after about so long. */
  readonly beginAfter: (line: PublishLine, pauseMs: number) => void
  /** Called when nothing is undecided, of a line that is not to be used again. */
  readonly ended: (line: PublishLine) => void
}

const pausesMs = [10, 50, 100, 200] as const

/**
 * One number for the process, raised when an attempt under it does not go well: a line that is
 * new never has a number that the owner may have refused for its channel. Publications do not
 * raise it, and of many failures under one number only the first does, so that 2^31 takes weeks
 * of nothing but failures.
 */
let presentAttempt = 1

const aborted = Exit.fail(failure("aborted", "an earlier publication on the channel failed"))
const unknown = Exit.fail(
  failure(
    "unavailable",
    "the connection was lost and the outcome is unknown; give a messageId to have it retried safely",
    100
  )
)
const noAnswer = Exit.fail(failure("timeout", "no answer from the channel's owner"))
const notReached = Exit.fail(
  failure("unavailable", "the channel's owner cannot be reached; nothing was published", 500)
)

export class PublishLine {
  readonly channel: string
  readonly #host: LineHost
  /** The undecided, in order. */
  readonly #entries = new Set<Entry>()
  #attempt = presentAttempt
  #owner: string | undefined
  /** Sent under the present attempt, without an outcome. */
  #underWay = 0
  /**
   * `open`: what is published is sent. `holding`: it waits until nothing is under way.
   * `pausing`: it waits until the line begins again. `beginning`: it joins what is being sent.
   * `ended`: it goes to another line.
   */
  #phase: "open" | "holding" | "pausing" | "beginning" | "ended" = "open"
  #decidedAt = 0
  /** Pauses since one was accepted. */
  #pauses = 0

  constructor(channel: string, host: LineHost) {
    this.channel = channel
    this.#host = host
  }

  get size(): number {
    return this.#entries.size
  }

  publish(message: Message, resume: Resume): Entry {
    const entry = makeEntry(message, resume, this.#host.now())
    if (this.size === 0) this.#renew()
    entry.doomed = this.#isBehindDoomed(message.publisher)
    this.#entries.add(entry)
    // Two owners would not keep the order between them: this one waits for those before.
    const isOwnerOther = this.size > 1 && this.#host.ownerOf(this.channel) !== this.#owner
    if (this.#phase === "open" && isOwnerOther) this.#phase = "holding"
    if (this.#phase === "open") this.#send(entry)
    return entry
  }

  /**
   * Will one before it be refused? Its publisher cannot know, and nobody else keeps it behind:
   * what failed may be another sender's.
   */
  #isBehindDoomed(publisher: string): boolean {
    // Since one failed the line has not begun again, or none is doomed.
    if (this.#phase === "open") return false
    for (const { doomed, message } of this.#entries) {
      if (doomed && message.publisher === publisher) return true
    }
    return false
  }

  /** Sends all that is undecided, in order, to the owner of this moment. */
  begin(): void {
    this.#takeBack()
    if (this.size === 0) return
    this.#attempt = presentAttempt
    this.#owner = this.#host.ownerOf(this.channel)
    this.#phase = "beginning"
    // What is published from within an answer joins at the end, and this comes to it.
    for (const entry of this.#entries) {
      this.#send(entry)
      // An answer that came at once.
      if (this.#isStopped) return
    }
    this.#phase = "open"
  }

  /**
   * Gives up what took too long, in ticks: the first one with all behind it, or the attempt.
   * One that went to an owner of before has less time: if it lives, it has said so by then.
   */
  check(deadline: number, attemptDeadline: number, formerOwnerDeadline: number): void {
    const [first] = this.#entries
    if (first === undefined) return
    const now = this.#host.now()
    if (now - first.publishedAt > deadline) {
      const isCertain = first.state !== "sent" && first.state !== "lost" && !first.uncertain
      this.giveUp(isCertain ? notReached : noAnswer, aborted)
    } else if (first.state === "sent") {
      // While some are decided, the owner is there, and has more to do than it can at once.
      const quietSince = Math.max(first.sentAt, this.#decidedAt)
      const isFormer = this.#host.ownerOf(this.channel) !== this.#owner
      if (now - quietSince > (isFormer ? formerOwnerDeadline : attemptDeadline)) this.#stop()
    }
  }

  /** Decides all that is in the line. */
  giveUp(first: Exit.Exit<never, Failure>, others: Exit.Exit<never, Failure>): void {
    this.#leaveAttempt()
    this.#end()
    let exit = first
    for (const entry of [...this.#entries]) {
      if (entry.state === "sent") entry.cancel?.()
      this.#decide(entry, exit)
      exit = others
    }
  }

  /** Nothing is undecided: as a new line, without the cost of making one for each publication. */
  #renew(): void {
    this.#attempt = presentAttempt
    this.#owner = this.#host.ownerOf(this.channel)
    this.#decidedAt = 0
    this.#pauses = 0
  }

  #end(): void {
    this.#phase = "ended"
    this.#host.ended(this)
  }

  get #isStopped(): boolean {
    return this.#phase !== "beginning"
  }

  #decide(entry: Entry, exit: Exit.Exit<Accepted, Failure>): void {
    if (entry.state === "sent") this.#underWay--
    entry.state = "decided"
    this.#entries.delete(entry)
    // An open one serves whoever comes next. Of another, something is still to come back to it.
    if (this.size === 0 && this.#phase !== "open") this.#end()
    else if (this.#phase === "holding" && this.#underWay === 0) this.#pause(0)
    // Last: whoever is answered may publish at once.
    entry.resume?.(exit)
  }

  #send(entry: Entry): void {
    const attempt = this.#attempt
    entry.state = "sent"
    entry.attempt = attempt
    entry.sentAt = this.#host.now()
    this.#underWay++
    entry.cancel = this.#host.attempt(entry.message, attempt, (outcome) =>
      this.#onOutcome(entry, attempt, outcome)
    )
  }

  #pause(pauseMs: number): void {
    this.#phase = "pausing"
    this.#host.beginAfter(this, pauseMs)
  }

  /** Nothing more of this channel is sent under the line's number. */
  #leaveAttempt(): void {
    if (this.#attempt === presentAttempt) presentAttempt++
  }

  #stop(): void {
    if (this.#phase === "pausing") return
    this.#leaveAttempt()
    this.#pause(pausesMs[Math.min(this.#pauses++, pausesMs.length - 1)]!)
  }

  /** Ends the attempt; what can be tried again without being doubled waits for the next one. */
  #takeBack(): void {
    let refusedAttempt = 0
    let failed = false
    for (const entry of [...this.#entries]) {
      const { doomed, message, state } = entry
      const neverLeft = state === "sent" && entry.cancel?.() === true
      if (state === "refused") refusedAttempt = entry.attempt
      // The owner refuses all behind one that it refused.
      const certain = state === "waiting" || neverLeft || entry.attempt === refusedAttempt
      if (!certain) entry.uncertain = true
      if (failed || doomed) {
        this.#decide(entry, aborted)
      } else if (!certain && message.messageId === "") {
        failed = true
        this.#decide(entry, unknown)
      } else {
        if (state === "sent") this.#underWay--
        entry.state = "waiting"
      }
    }
  }

  #onOutcome(entry: Entry, attempt: number, outcome: Outcome): void {
    if (entry.state === "decided") return
    const isPresent = entry.state === "sent" && entry.attempt === attempt
    if (outcome._tag === "Accepted") {
      // The present attempt's outcome will not be heard: its number may end up refused.
      if (!isPresent) this.#leaveAttempt()
      this.#decidedAt = this.#host.now()
      this.#pauses = 0
      this.#decide(entry, Exit.succeed(outcome.accepted))
    } else if (!isPresent) {
      return
    } else if (outcome._tag === "Failed") {
      this.#decidedAt = this.#host.now()
      this.#onFailed(entry, outcome.failure)
    } else {
      this.#setBack(entry, outcome._tag === "Moved" ? "refused" : "lost")
    }
  }

  #onFailed(entry: Entry, refused: Failure): void {
    // Refused only because it is behind one that is tried again, and so is it.
    if (this.#phase === "pausing" && refused.code === "aborted" && !entry.doomed) {
      return this.#setBack(entry, "refused")
    }
    if (!entry.doomed) {
      this.#leaveAttempt()
      if (this.#phase !== "pausing") this.#phase = "holding"
      this.#doomBehind(entry)
    }
    this.#decide(entry, Exit.fail(refused))
  }

  /**
   * The owner will refuse what it has; the others are refused when the line begins again. Not
   * now: who sent them would hear of the last ones first, and begin again with those.
   */
  #doomBehind(failed: Entry): void {
    let isBehind = false
    for (const entry of this.#entries) {
      if (isBehind) entry.doomed = true
      else isBehind = entry === failed
    }
  }

  #setBack(entry: Entry, state: "refused" | "lost"): void {
    if (entry.doomed) return this.#decide(entry, aborted)
    entry.state = state
    this.#underWay--
    this.#stop()
  }
}
