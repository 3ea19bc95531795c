/**
 * Output: standard output is for what was asked, standard error for everything else.
 *
 * Both are written at once: a reader that is slow holds the command up, and nothing waits
 * in memory for it.
 */
import { styleText } from "node:util"

type Style = Parameters<typeof styleText>[0]

/** One line of what was asked. */
export const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

/** The same for a program. */
export const printJson = (value: object): void => print(JSON.stringify(value))

/** In colour where a person looks: not in a pipe, and not with NO_COLOR. */
export const painted = (style: Style, text: string): string =>
  styleText(style, text, { stream: process.stdout })

/** One line about it. */
export const note = (line: string): void => {
  process.stderr.write(`${styleText("dim", `weir: ${line}`, { stream: process.stderr })}\n`)
}

/** The one line that says why it could not be done. */
export const complain = (line: string): void => {
  const name = styleText("red", "weir:", { stream: process.stderr })
  process.stderr.write(`${name} ${line}\n`)
}

/** Whoever reads has seen enough, as `head` has: that is no failure. */
export const endWithReader = (): void => {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(0)
      throw error
    })
  }
}
