/**
 * shownData: the data of a publication, to be read by people.
 */

const ONE_LINE = 72
const SHOWN_BYTES = 32

/** JSON in one line where that is short, text as it is, the first bytes of what is binary. */
export const shownData = (data: unknown, contentType: string): string => {
  if (data instanceof Uint8Array) return shownBytes(data)
  if (contentType === "text/plain") return String(data)
  const line = JSON.stringify(data) ?? ""
  return line.length <= ONE_LINE ? line : JSON.stringify(data, undefined, 2)
}

const shownBytes = (bytes: Uint8Array): string => {
  const first = Array.from(bytes.subarray(0, SHOWN_BYTES), (byte) =>
    byte.toString(16).padStart(2, "0")
  )
  return `${bytes.length} bytes: ${first.join(" ")}${bytes.length > SHOWN_BYTES ? " …" : ""}`
}
