/**
 * Mutations: what is nearly right made wrong, or right in another way.
 */
import type { Random } from "../faults/Random.ts"

const oddNumbers = [
  -1,
  0,
  0.5,
  1e308,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER
]

const oddTexts = [
  "",
  " ",
  "\u0000",
  "\r\n",
  "\ud800",
  "é".normalize("NFD"),
  "漢字".repeat(50),
  "x".repeat(300),
  "__proto__",
  "constructor",
  "chat:",
  ":",
  "chat:*",
  "../../etc",
  '"},{"type":"goaway"}'
]

const nested = (depth: number): unknown => {
  let value: unknown = 1
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

export const oddValue = (random: Random): unknown =>
  random.pick<() => unknown>([
    () => random.pick(oddNumbers),
    () => random.pick(oddTexts),
    () => null,
    () => true,
    () => [],
    () => ({}),
    () => nested(1 + random.below(200)),
    () => Array.from({ length: random.below(200) }, () => random.below(10)),
    () => random.next() * 1e6
  ])()

/** A value of JSON with something in it replaced, left out, added or put twice. */
export const mutateValue = (random: Random, value: unknown): unknown => {
  if (typeof value !== "object" || value === null || random.next() < 0.2) return oddValue(random)
  if (Array.isArray(value)) {
    const copy = [...value]
    const at = random.below(copy.length + 1)
    copy.splice(at, random.below(2), mutateValue(random, copy[at]))
    return copy
  }
  const entries = Object.entries(value)
  const name = entries.length === 0 ? "x" : random.pick(entries)[0]
  const rest = Object.fromEntries(entries.filter(([it]) => it !== name))
  switch (random.below(4)) {
    case 0:
      return rest
    case 1:
      return { ...value, [random.pick(oddTexts)]: oddValue(random) }
    default:
      return { ...rest, [name]: mutateValue(random, (value as Record<string, unknown>)[name]) }
  }
}

/** Bytes with some of them flipped, cut, repeated, put in or exchanged. */
export const mutateBytes = (random: Random, bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
  let copy = new Uint8Array(bytes)
  for (let times = 1 + random.below(4); times > 0; times--) {
    const at = random.below(copy.length + 1)
    const length = random.below(8)
    switch (random.below(5)) {
      case 0:
        if (at < copy.length) copy[at] = copy[at]! ^ (1 << random.below(8))
        break
      case 1:
        copy = copy.slice(0, at)
        break
      case 2:
        copy = new Uint8Array([
          ...copy.subarray(0, at),
          ...Array.from({ length }, () => random.below(256)),
          ...copy.subarray(at)
        ])
        break
      case 3:
        copy = new Uint8Array([...copy.subarray(0, at), ...copy.subarray(at + length)])
        break
      default:
        copy = new Uint8Array([...copy.subarray(at), ...copy.subarray(0, at)])
    }
  }
  return copy
}
