/**
 * ParseJson: JSON with all the digits of its numbers.
 *
 * What a client publishes is stored as it was sent; JavaScript's own numbers
 * would round an id of 20 digits on the way.
 */

/** Digits enough for a number that JavaScript cannot hold exactly. */
const manyDigits = /\d{16}|e\+?\d{3}/i

/** Short ones, such as 1.0 and 1e2, are the same number however they are written. */
const isLossy = (value: number, source: string): boolean =>
  !Number.isFinite(value) || (source.length > 15 && String(value) !== source)

/** ECMAScript's access to the source text of JSON, which TypeScript's library does not know yet. */
interface JsonWithSource {
  readonly parse: (
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown
  ) => unknown
  readonly rawJSON: (text: string) => unknown
}

const { parse, rawJSON } = JSON as unknown as JsonWithSource

/** Throws on text that is no JSON. */
export const parseJson = (text: string): unknown =>
  // The reviver costs several times the parsing, so only those pay for it who may need it.
  manyDigits.test(text)
    ? parse(text, (_key, value, { source }) =>
        // A number that would lose digits stays the text that it was sent as.
        typeof value === "number" && source !== undefined && isLossy(value, source)
          ? rawJSON(source)
          : value
      )
    : JSON.parse(text)
