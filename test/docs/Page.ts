/**
 * Page: a document as those read it who follow it: its blocks, its links, its headings.
 *
 * What the blocks mean is told in docs/README.md.
 */

export interface Block {
  readonly language: string
  readonly text: string
  /** Of its first line, in the page. */
  readonly line: number
  /** The heading that it is under. */
  readonly heading: string
  /** The file of `examples/` that it shows. */
  readonly file: string | undefined
}

export interface Page {
  readonly blocks: ReadonlyArray<Block>
  /** What headings are linked by. */
  readonly anchors: ReadonlySet<string>
  readonly links: ReadonlyArray<{ readonly target: string; readonly line: number }>
}

const fence = "```"
const shownFile = /\]\(\.\.\/(examples\/[^)#]+)\):$/
const link = /\]\(<?([^)>\s]+)>?\)/g

/** As GitHub makes them. */
const anchorOf = (heading: string): string =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-")

export const readPage = (markdown: string): Page => {
  const blocks: Array<Block> = []
  const anchors = new Set<string>()
  const links: Array<{ readonly target: string; readonly line: number }> = []
  const lines = markdown.split("\n")
  let heading = ""
  let lastProse = ""
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!
    if (line.startsWith(fence)) {
      const end = lines.indexOf(fence, index + 1)
      if (end === -1) throw new Error(`line ${index + 1}: a block without an end`)
      const text = lines
        .slice(index + 1, end)
        .map((it) => `${it}\n`)
        .join("")
      const language = line.slice(fence.length).trim()
      blocks.push({
        ...{ language, text, heading },
        line: index + 2,
        file: shownFile.exec(lastProse)?.[1]
      })
      index = end
      lastProse = ""
      continue
    }
    const title = /^#+ +(.*)$/.exec(line)?.[1]
    if (title !== undefined) {
      heading = title
      anchors.add(anchorOf(title))
    }
    for (const [, target] of line.replace(/`[^`]*`/g, "``").matchAll(link))
      links.push({ target: target!, line: index + 1 })
    if (line.trim() !== "") lastProse = line
  }
  return { blocks, anchors, links }
}

/** The page with each shown file as `read` has it now. */
export const withFiles = (markdown: string, read: (path: string) => string): string => {
  const lines = markdown.split("\n")
  for (const { file, line, text } of readPage(markdown).blocks.toReversed()) {
    if (file === undefined) continue
    const old = text.split("\n").length - 1
    lines.splice(line - 1, old, ...read(file).replace(/\n$/, "").split("\n"))
  }
  return lines.join("\n")
}
