/**
 * Reader: somebody who does what a page says, word for word, and looks whether it is so.
 */
import { missingFor } from "./Languages.ts"
import type { Block } from "./Page.ts"
import { type Place, Terminal } from "./Terminal.ts"

const commandLimitMs = 60_000

/** The first line of a block, where it is a remark to the reader. */
const remarkOf = (text: string, kind: string): string | undefined =>
  new RegExp(`^# ${kind} (.+)\\n`).exec(text)?.[1]

const withoutRemark = (text: string): string => text.replace(/^# terminal .*\n/, "")

export class Reader {
  readonly #place: Place
  readonly #translate: (text: string) => string
  readonly #terminals = new Map<string, Terminal>()
  /** What was done last; undefined if it was left out. */
  #latest: Terminal | undefined

  /** `translate`: commands and sights, as they are here. */
  constructor(place: Place, translate: (text: string) => string) {
    this.#place = place
    this.#translate = translate
  }

  async follow(blocks: ReadonlyArray<Block>): Promise<void> {
    for (const block of blocks) {
      await this.#follow(block).catch((error: Error) => {
        throw new Error(`line ${block.line}, under "${block.heading}":\n${error.message}`)
      })
    }
  }

  async #follow({ language, text }: Block): Promise<void> {
    const name = remarkOf(text, "terminal")
    const content = this.#translate(withoutRemark(text))
    if (language === "console") {
      const terminal = name === undefined ? this.#latest : this.#terminals.get(name)
      return terminal?.shows(content)
    }
    if (language !== "sh") return
    this.#latest = undefined
    if (remarkOf(text, "needs") !== undefined || missingFor(content) !== undefined) return
    if (name !== undefined) await this.#terminals.get(name)?.interrupt()
    const terminal = new Terminal(content, this.#place)
    this.#latest = terminal
    if (name === undefined) await terminal.done(commandLimitMs)
    else this.#terminals.set(name, terminal)
  }

  /** Leaves the terminals: the latest first, as it may need the earlier ones to end well. */
  async leave(): Promise<void> {
    for (const terminal of [...this.#terminals.values()].toReversed()) await terminal.interrupt()
  }
}
