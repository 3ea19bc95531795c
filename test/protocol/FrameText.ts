/**
 * FrameText: a frame as a line for people: in JSON the envelope itself, in protobuf the text
 * form of the frame. What differs from run to run is left out.
 */
import type { Frame } from "../harness/WireClient.ts"

export type Encoding = "json" | "proto"

const varying: Readonly<Record<string, string | number>> = {
  token: "<jwt>",
  ticket: "<ticket>",
  session: "<session>",
  epoch: "k3f9",
  term: 3659914313728007,
  ts: 1732345678901,
  expiresAt: 1732349278901,
  publishedAt: 1732345678901,
  joinedAt: 1732345678901
}

/** Replaces what varies; members get one name each, in the order that they are seen. */
const steadier = () => {
  const names = new Map<string, string>()
  const nameOf = (id: string): string => {
    const name = names.get(id) ?? `member-${names.size + 1}`
    names.set(id, name)
    return name
  }
  const steady = (key: string, value: unknown, parent: object): unknown => {
    if (Object.hasOwn(varying, key)) return value === "" ? value : varying[key]
    const isMember = key === "id" && "user" in parent
    if (isMember || (key === "member" && typeof value === "string")) return nameOf(String(value))
    if (key === "message" && "retryAfterMs" in parent) return "…"
    return value
  }
  const steadyValue = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(steadyValue)
    if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, it]) => [key, steadyValue(steady(key, it, value))])
    )
  }
  return steadyValue
}

const isBytes = (value: unknown): value is ReadonlyArray<number> =>
  Array.isArray(value) && value.every((it) => typeof it === "number")

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Fields that hold what proto3 takes for nothing are not on the wire. */
const isNothing = (value: unknown): boolean =>
  value === undefined || value === null || value === "" || value === 0 || value === false

const fieldText = (name: string, value: unknown): string => {
  const field = snakeCase(name)
  if (value instanceof Uint8Array || (name === "data" && isBytes(value))) {
    return `${field}: ${JSON.stringify(Buffer.from(value).toString())}`
  }
  if (Array.isArray(value)) return value.map((it) => fieldText(name, it)).join(" ")
  return typeof value === "object" && value !== null
    ? `${field} ${messageText(value)}`
    : `${field}: ${JSON.stringify(value)}`
}

const messageText = (message: object): string => {
  const oneofs = new Set(["result", "from"])
  const fields = Object.entries(message)
    // protobufjs names beside a oneof's member which one it is.
    .filter(
      ([name, value]) => !isNothing(value) && !(oneofs.has(name) && typeof value === "string")
    )
    .filter(([, value]) => !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => fieldText(name, value))
  return fields.length === 0 ? "{}" : `{ ${fields.join(" ")} }`
}

/** Makes the lines of one conversation. */
export const frameLines = (encoding: Encoding): ((frame: object) => string) => {
  const steadyValue = steadier()
  return (frame) => {
    const { payload, type, ...others } = steadyValue(frame) as Frame
    if (encoding === "json") return JSON.stringify({ type, ...others, payload })
    return messageText({ ...others, [type]: payload }).slice(2, -2)
  }
}
