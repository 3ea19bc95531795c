/**
 * Sight: what a page says that one sees, found in what there was to see.
 *
 * `…` stands for what differs each time: within a line for any text, alone for any lines. The
 * time of day is another one each time, too.
 */

const clock = /\d\d:\d\d:\d\d/g
const day = "(?:\\d{4}-\\d\\d-\\d\\d )?"

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")

const lineOf = (line: string): string =>
  line
    .split("…")
    .map((part) => escape(part).replace(clock, `${day}\\d\\d:\\d\\d:\\d\\d`))
    .join(".*")

export const patternOf = (sight: string): RegExp =>
  new RegExp(
    sight
      .replace(/\n$/, "")
      .split("\n")
      .map((line) => (line.trim() === "…" ? "(?:.*\\n)*?" : `${lineOf(line)}[ \\t]*(?:\\n|$)`))
      .join(""),
    "m"
  )

/** Where it ends, in what was seen; undefined if it is not there. */
export const endOf = (sight: string, seen: string): number | undefined => {
  const pattern = patternOf(sight)
  const found = new RegExp(`^(?:${pattern.source})`, "m").exec(seen)
  return found === null ? undefined : found.index + found[0].length
}
