/**
 * Capability: what an identity may do on which channels.
 *
 * Default deny. A pattern is a channel's whole name, or a prefix and `*`. Only
 * the longest pattern that matches counts, so that a narrow rule can take away
 * what a wide one gives.
 */
import { type Failure, failure } from "./Failure.ts"

export const verbs = ["subscribe", "publish", "history", "presence", "signal"] as const

export type Verb = (typeof verbs)[number]

export interface Capability {
  readonly pattern: string
  readonly verbs: ReadonlyArray<Verb>
}

export type Capabilities = ReadonlyArray<Capability>

const matches = (pattern: string, channel: string): boolean =>
  pattern.endsWith("*") ? channel.startsWith(pattern.slice(0, -1)) : pattern === channel

/** An exact name beats any prefix, since it is at least as long as all that match. */
const rank = (pattern: string): number =>
  pattern.endsWith("*") ? pattern.length - 1 : pattern.length + 1

/** The one that counts for a channel, or for all that a pattern stands for. */
const bestFor = (capabilities: Capabilities, channel: string): Capability | undefined => {
  let best: Capability | undefined
  for (const capability of capabilities) {
    if (!matches(capability.pattern, channel)) continue
    if (best === undefined || rank(capability.pattern) > rank(best.pattern)) best = capability
  }
  return best
}

export const allows = (capabilities: Capabilities, verb: Verb, channel: string): boolean =>
  bestFor(capabilities, channel)?.verbs.includes(verb) ?? false

/** The same, and this verb on this channel, too: a rule of its own takes away nothing. */
export const withAccess = (
  capabilities: Capabilities,
  verb: Verb,
  channel: string
): Capabilities => {
  const { verbs = [] } = bestFor(capabilities, channel) ?? {}
  if (verbs.includes(verb)) return capabilities
  const others = capabilities.filter(({ pattern }) => pattern !== channel)
  return [...others, { pattern: channel, verbs: [...verbs, verb] }]
}

/**
 * What either of them allows. Whatever is the longest pattern of both that matches a channel, the
 * longest of each is a prefix of it: so each pattern has what the best of both lists allow there.
 */
export const union = (one: Capabilities, other: Capabilities): Capabilities => {
  if (one.length === 0 || other.length === 0) return one.length === 0 ? other : one
  const patterns = new Set([...one, ...other].map(({ pattern }) => pattern))
  return [...patterns].map((pattern) => {
    const allowed = new Set([one, other].flatMap((it) => bestFor(it, pattern)?.verbs ?? []))
    return { pattern, verbs: [...allowed] }
  })
}

/** The refusal, or nothing. */
export const checkAccess = (
  capabilities: Capabilities,
  verb: Verb,
  channel: string
): Failure | undefined =>
  allows(capabilities, verb, channel)
    ? undefined
    : failure("permission_denied", `no capability to ${verb} on ${channel}`)

/** Reads `{"chat:*":["subscribe","publish"]}`; says where it is wrong. */
export const parseCapabilities = (input: unknown): Capabilities | string => {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    return "must be an object of channel patterns"
  }
  const capabilities: Array<Capability> = []
  for (const [pattern, allowed] of Object.entries(input)) {
    if (pattern === "" || pattern.slice(0, -1).includes("*")) {
      return `"${pattern}": * may only stand at the end`
    }
    const known: ReadonlyArray<string> = verbs
    if (!Array.isArray(allowed) || allowed.some((verb) => !known.includes(verb))) {
      return `"${pattern}": must be an array of ${verbs.join(", ")}`
    }
    capabilities.push({ pattern, verbs: allowed })
  }
  return capabilities
}
