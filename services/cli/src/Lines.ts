/**
 * Lines: text that comes in pieces, line by line, with a bound on how long a line may be.
 */
import { StringDecoder } from "node:string_decoder"

/** More than any publication may hold. */
const longest = 4 * 1024 * 1024

export class Lines {
  readonly #decoder = new StringDecoder("utf8")
  #rest = ""

  /** The lines that end in this piece; undefined: one is longer than there is room for. */
  push(piece: Uint8Array): ReadonlyArray<string> | undefined {
    const parts = (this.#rest + this.#decoder.write(Buffer.from(piece))).split("\n")
    this.#rest = parts.pop()!
    return this.#rest.length > longest ? undefined : parts.map((line) => line.replace(/\r$/, ""))
  }

  /** The last one, if nothing ends it. */
  end(): ReadonlyArray<string> {
    const last = this.#rest + this.#decoder.end()
    return last === "" ? [] : [last]
  }
}
