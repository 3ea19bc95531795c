/**
 * AccessRule: what the configuration allows people by who they are, as `user:{sub}`.
 *
 * A rule becomes a capability with the claims of a token in it. What a claim says is taken
 * literally: a user who is called `*` may nothing that others may not.
 */
import { type Capabilities, union, type Verb } from "./Capability.ts"

export interface AccessRule {
  /** `org:{claims.org}:*`: `{sub}`, or `{claims.…}` with the name of a claim. */
  readonly pattern: string
  readonly verbs: ReadonlyArray<Verb>
}

type Claims = Readonly<Record<string, unknown>>

/** Of what a claim may put into a name. */
const maxValueBytes = 128

const placeholder = /\{(sub|claims\.[A-Za-z0-9_-]{1,64})\}/g

/** What is wrong with a rule of a namespace, if anything is. */
export const mistakeInRule = (namespace: string, pattern: string): string | undefined => {
  if (!pattern.startsWith(`${namespace}:`)) return `must begin with ${namespace}:`
  const literal = pattern.replace(placeholder, "")
  if (/[{}]/.test(literal)) return "placeholders are {sub} and {claims.NAME}"
  return pattern.slice(0, -1).includes("*") ? "* may only stand at the end" : undefined
}

/** The claim as a piece of a name; undefined where it is none. */
const pieceOf = (claims: Claims, name: string): string | undefined => {
  const key = name === "sub" ? name : name.slice("claims.".length)
  const value = Object.hasOwn(claims, key) ? claims[key] : undefined
  const text = typeof value === "number" && Number.isSafeInteger(value) ? String(value) : value
  if (typeof text !== "string" || text === "" || Buffer.byteLength(text) > maxValueBytes) {
    return undefined
  }
  // A `*` would be a wildcard at the end, and a `:` would reach into what is somebody else's:
  // who is of the organisation `a:b` is not of `a`.
  return /[*:\p{Cc}]/u.test(text) || !text.isWellFormed() ? undefined : text
}

const patternFor = ({ pattern }: AccessRule, claims: Claims): string | undefined => {
  let isWhole = true
  const filled = pattern.replace(placeholder, (_, name: string) => {
    const piece = pieceOf(claims, name)
    if (piece === undefined) isWhole = false
    return piece ?? ""
  })
  return isWhole ? filled : undefined
}

/** What the rules allow, all together, to whom a token with these claims is. */
export const allowedBy = (rules: ReadonlyArray<AccessRule>, claims: Claims): Capabilities =>
  rules.reduce<Capabilities>((allowed, rule) => {
    const pattern = patternFor(rule, claims)
    return pattern === undefined ? allowed : union(allowed, [{ pattern, verbs: rule.verbs }])
  }, [])
