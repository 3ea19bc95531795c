/**
 * Request: one command on its way, which knows whether it has left.
 *
 * ioredis reports "the connection is closed" alike for what it never wrote and
 * for what nobody answered. Only the first is safe to call undone.
 */
import { Command, ReplyError } from "ioredis"
import type { Argument, Reply } from "./Redis.ts"
import { RedisFailure } from "./RedisFailure.ts"

const toParameter = (argument: Argument): string | number | Buffer =>
  typeof argument === "string" || typeof argument === "number" || Buffer.isBuffer(argument)
    ? argument
    : Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength)

/** One buffer, or one string if there is nothing else. */
export const join = (pieces: ReadonlyArray<string | Buffer>): string | Buffer => {
  if (pieces.length === 1) return pieces[0]!
  if (pieces.every((piece) => typeof piece === "string")) return pieces.join("")
  let length = 0
  for (const piece of pieces) {
    length += typeof piece === "string" ? Buffer.byteLength(piece) : piece.byteLength
  }
  const joined = Buffer.allocUnsafe(length)
  let at = 0
  for (const piece of pieces) {
    at += typeof piece === "string" ? joined.write(piece, at) : piece.copy(joined, at)
  }
  return joined
}

export class Request extends Command {
  declare promise: Promise<Reply>
  sent = false
  /** On the clock of `performance.now()`. */
  deadline = Number.POSITIVE_INFINITY
  #isLate = false

  constructor(name: string, args: ReadonlyArray<Argument>) {
    // In capitals ioredis does not know it, and leaves the shape of the answer alone.
    super(name.toUpperCase(), args.map(toParameter), { replyEncoding: null })
  }

  /** Called by ioredis before it sends a command; see `AnswerLimit`. */
  override setTimeout(ms: number): void {
    this.deadline = performance.now() + ms
  }

  /** Its time is over. */
  expire(): void {
    if (this.#isLate) return
    this.#isLate = true
    // Timers come before what has arrived: after a long turn of our own, the answer may be there.
    setImmediate(() => {
      if (!this.isSettled) this.reject(new Error("Redis did not answer in time"))
    })
  }

  /** As ioredis does it, but the texts between two byte strings are put together first. */
  override toWritable(): string | Buffer {
    this.sent = true
    const pieces: Array<string | Buffer> = []
    let text = `*${this.args.length + 1}\r\n$${this.name.length}\r\n${this.name}\r\n`
    for (const arg of this.args as ReadonlyArray<string | Buffer>) {
      if (typeof arg === "string") {
        text += `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`
      } else {
        pieces.push(`${text}$${arg.byteLength}\r\n`, arg)
        text = "\r\n"
      }
    }
    pieces.push(text)
    return join(pieces)
  }
}

/** Redis answered, with an error. */
export const isRefusal = (error: Error): boolean => error instanceof ReplyError

export const toFailure = (error: Error, request: Request): RedisFailure =>
  new RedisFailure({
    kind: isRefusal(error) ? "refused" : request.sent ? "unanswered" : "unreachable",
    message: error.message
  })
