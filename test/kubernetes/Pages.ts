/**
 * Pages: the commands that a page of the documents shows.
 */

export interface Block {
  readonly language: string
  readonly text: string
  /** What a first line `# needs …` says that it needs beyond a clone. */
  readonly needs: string | undefined
}

export const blocksOf = (markdown: string): ReadonlyArray<Block> =>
  [...markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = "", text = ""]) => ({
    language,
    text,
    needs: /^# needs (.+)$/m.exec(text.split("\n", 1)[0]!)?.[1]
  }))

export const sectionOf = (markdown: string, heading: string): string =>
  markdown.split(/^(?=## )/m).find((it) => it.startsWith(`## ${heading}\n`)) ?? ""
