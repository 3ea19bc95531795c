/**
 * StreamPublisher: a service that publishes in order over a stream, many at once.
 *
 * Of each channel it keeps what is undecided, in order. After a refusal it lets the
 * answers behind it come in and sends again from the first undecided; after the
 * stream's end it does so on a stream to another router.
 */
import type * as grpc from "@grpc/grpc-js"
import { digest, now } from "../history/History.ts"
import { type Crew, dataOf, type PublishingMember, phaseOf } from "./Crew.ts"
import {
  type ApiPublication,
  type ApiResult,
  codeOf,
  keyId,
  PublishApis,
  type PublishCall
} from "./PublishApi.ts"

const mostUndecided = 128
const batchSize = 64
const pauseMs = 50
/** A stream that answers nothing for so long is given up. */
const silenceMs = 3_000

interface Undecided {
  readonly publication: ApiPublication
  isSent: boolean
}

interface Line {
  readonly entries: Array<Undecided>
  sent: number
  /** Nothing is sent until it has all answers, and then for a moment. */
  isStopped: boolean
}

class StreamPublisher implements PublishingMember {
  readonly #crew: Crew
  readonly #name: string
  readonly #random
  readonly #apis = new PublishApis()
  readonly #lines = new Map<string, Line>()
  #call: PublishCall | undefined
  #inFlight: Array<Undecided> = []
  #heardAt = 0
  #isFull = false
  #isClosed = false
  #isTurnDue = false
  #count = 0
  readonly #watch: NodeJS.Timeout

  constructor(crew: Crew, name: string) {
    this.#crew = crew
    this.#name = name
    this.#random = crew.random.fork()
    this.#watch = setInterval(() => {
      const isSilent = this.#inFlight.length > 0 && now() - this.#heardAt > silenceMs
      if (isSilent) this.#call?.cancel()
    }, 250)
    this.#open()
  }

  publish(channel: string) {
    let line = this.#lines.get(channel)
    if (line === undefined) {
      line = { entries: [], sent: 0, isStopped: false }
      this.#lines.set(channel, line)
    }
    if (line.entries.length >= mostUndecided) return
    const messageId = `${this.#name}-${++this.#count}`
    const text = dataOf(messageId)
    const publication = {
      ...{ channel, message_id: messageId, content_type: "text/plain", data: Buffer.from(text) }
    }
    // Once, however often it is sent: the order of this is what the log must have.
    this.#crew.record({ t: now(), ...this.#what(publication), phase: "invoke", sha: digest(text) })
    line.entries.push({ publication, isSent: false })
    this.#sendSoon()
  }

  undecided() {
    let sum = 0
    for (const { entries } of this.#lines.values()) sum += entries.length
    return sum
  }

  async close() {
    this.#isClosed = true
    clearInterval(this.#watch)
    this.#call?.cancel()
    this.#apis.close()
  }

  #what({ channel, message_id: messageId }: ApiPublication) {
    return { type: "publish", process: this.#name, publisher: keyId, channel, messageId } as const
  }

  #open() {
    if (this.#isClosed) return
    const call = this.#apis.at(this.#random.pick(this.#crew.routers())).stream()
    this.#call = call
    this.#heardAt = now()
    this.#isFull = false
    let isOver = false
    const end = (error?: grpc.ServiceError) => {
      if (isOver) return
      isOver = true
      this.#call = undefined
      const code = error === undefined ? "the stream ended" : codeOf(error)
      for (const { publication } of this.#inFlight) this.#note(publication, code)
      this.#inFlight = []
      for (const line of this.#lines.values()) this.#again(line)
      setTimeout(() => this.#open(), 2 * pauseMs)
    }
    call.on("data", ({ results }) => {
      if (isOver) return
      this.#heardAt = now()
      for (const result of results) this.#decide(this.#inFlight.shift()!, result)
      this.#sendSoon()
    })
    call.on("drain", () => {
      this.#isFull = false
      this.#sendSoon()
    })
    call.on("error", end)
    call.on("end", () => end())
    this.#sendSoon()
  }

  #again(line: Line) {
    line.sent = 0
    line.isStopped = false
    for (const entry of line.entries) entry.isSent = false
  }

  #decide(entry: Undecided, { failure, published }: ApiResult) {
    const { publication } = entry
    const { channel } = publication
    const line = this.#lines.get(channel)!
    line.sent--
    if (published !== undefined) {
      const { duplicate, position } = published
      this.#remove(line, entry)
      this.#crew.record({
        ...{ t: now(), ...this.#what(publication), phase: "ok", position, duplicate }
      })
    } else {
      const { code, message } = failure!
      if (code === "internal") this.#crew.complain(`${this.#name}, ${channel}: ${message}`)
      if (phaseOf(code) === "fail") {
        this.#remove(line, entry)
        this.#crew.record({ t: now(), ...this.#what(publication), phase: "fail", code })
      } else {
        this.#note(publication, code)
        line.isStopped = true
      }
    }
    if (!line.isStopped || line.sent > 0) return
    setTimeout(() => {
      if (!line.isStopped || line.sent > 0) return
      this.#again(line)
      this.#sendSoon()
    }, pauseMs)
  }

  /** Not decided; it will be sent again. */
  #note(publication: ApiPublication, code: string) {
    this.#crew.record({ t: now(), ...this.#what(publication), phase: "info", code })
  }

  #remove(line: Line, entry: Undecided) {
    line.entries.splice(line.entries.indexOf(entry), 1)
  }

  /** All that is published in one turn goes in as few batches as possible. */
  #sendSoon() {
    if (this.#isTurnDue) return
    this.#isTurnDue = true
    setImmediate(() => {
      this.#isTurnDue = false
      this.#send()
    })
  }

  #send() {
    const call = this.#call
    if (call === undefined || this.#isFull) return
    const due: Array<Undecided> = []
    for (const line of this.#lines.values()) {
      if (line.isStopped) continue
      for (const entry of line.entries) {
        if (entry.isSent) continue
        entry.isSent = true
        line.sent++
        due.push(entry)
      }
    }
    if (due.length === 0) return
    if (this.#inFlight.length === 0) this.#heardAt = now()
    this.#inFlight.push(...due)
    for (let from = 0; from < due.length; from += batchSize) {
      const publications = due.slice(from, from + batchSize).map(({ publication }) => publication)
      this.#isFull = !call.write({ publications })
    }
  }
}

export const startStreamPublisher = (crew: Crew, name: string): PublishingMember =>
  new StreamPublisher(crew, name)
