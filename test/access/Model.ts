/**
 * Model: who may do what, as simply as it can be said, and by nothing of Weir's.
 */
export type Verb = "subscribe" | "publish" | "history" | "presence" | "signal"

export const verbs: ReadonlyArray<Verb> = ["subscribe", "publish", "history", "presence", "signal"]

type Rules = Readonly<Record<string, ReadonlyArray<Verb>>>

export interface Token {
  readonly sub: string
  readonly jti: string
  /** Any value that a claim may have. */
  readonly org: unknown
  readonly capabilities: Rules
  readonly subscriptions: ReadonlyArray<string>
}

/** As the configuration has them. */
export const namespaces: Readonly<
  Record<
    string,
    { readonly clientPublish: boolean; readonly presence: boolean; readonly rules: Rules }
  >
> = {
  chat: { clientPublish: true, presence: true, rules: {} },
  news: { clientPublish: false, presence: false, rules: { "news:*": ["subscribe"] } },
  user: { clientPublish: false, presence: true, rules: { "user:{sub}": ["subscribe", "history"] } },
  org: {
    clientPublish: true,
    presence: true,
    rules: {
      "org:{claims.org}:*": ["subscribe", "publish", "signal", "presence"],
      "org:{claims.org}:{sub}": ["history"]
    }
  },
  live: {
    clientPublish: true,
    presence: false,
    rules: { "live:{claims.org}-{sub}": ["subscribe", "publish"] }
  }
}

export const users = ["ann", "bob", "cleo", "*", "a:b"]
export const orgs: ReadonlyArray<unknown> = [
  "acme",
  "acme:hr",
  "*",
  7,
  "7",
  undefined,
  ["acme"],
  ""
]
export const channels = [
  ...["chat:a", "chat:ab", "chat:b:c", "chat:*", "news:x", "news:y"],
  ...["user:ann", "user:bob", "user:*", "user:a:b", "user:"],
  ...["org:acme:x", "org:acme:ann", "org:acme:hr:x", "org:*:x", "org:7:bob", "org::x"],
  ...["live:acme-ann", "live:7-bob", "live:*-*", "nowhere:x"]
]
export const patterns = [
  ...["*", "chat:*", "chat:a", "chat:a*", "chat:b:*", "news:*", "news:x", "user:*", "user:ann"],
  ...["org:*", "org:acme:*", "org:acme:hr:*", "live:*", "live:acme*", "o*"]
]

/** The pattern that counts: the whole name, or the longest that it begins with. */
const lookUp = (rules: Rules, channel: string): ReadonlyArray<Verb> => {
  if (!channel.endsWith("*") && Object.hasOwn(rules, channel)) return rules[channel]!
  for (let length = channel.length; length >= 0; length--) {
    const pattern = `${channel.slice(0, length)}*`
    if (Object.hasOwn(rules, pattern)) return rules[pattern]!
  }
  return []
}

const isPiece = (claim: unknown): boolean =>
  (typeof claim === "string" && /^[^*:]+$/.test(claim)) || Number.isSafeInteger(claim)

/** Is there a rule that says so? */
const isRuled = ({ org, sub }: Token, verb: Verb, channel: string): boolean =>
  Object.entries(namespaceOf(channel).rules).some(([pattern, verbs]) => {
    if (pattern.includes("{sub}") && !isPiece(sub)) return false
    if (pattern.includes("{claims.org}") && !isPiece(org)) return false
    const name = pattern.replace("{sub}", sub).replace("{claims.org}", String(org))
    const begins = name.endsWith("*") && channel.startsWith(name.slice(0, -1))
    return (begins || name === channel) && verbs.includes(verb)
  })

const isChannel = (channel: string): boolean => {
  const [namespace, ...name] = channel.split(":")
  return Object.hasOwn(namespaces, namespace!) && name.join(":") !== ""
}

export const namespaceOf = (channel: string) => namespaces[channel.split(":")[0]!]!

/** Does the token allow it, or a rule, or both? */
export const may = (token: Token, verb: Verb, channel: string): boolean => {
  if (!isChannel(channel)) return false
  if (verb === "subscribe" && token.subscriptions.includes(channel)) return true
  return lookUp(token.capabilities, channel).includes(verb) || isRuled(token, verb, channel)
}
