/**
 * WeirFile: the one configuration file, its shape and its meaning.
 *
 * Every service reads the same file and takes what concerns it, so that the
 * file can be handed to all of them unchanged. Unknown keys are mistakes.
 */
import { createPublicKey } from "node:crypto"
import { isIP } from "node:net"
import { mistakeInRule } from "@weir/core/AccessRule"
import { parseCapabilities } from "@weir/core/Capability"
import { NamespaceOptions } from "@weir/core/Namespace"
import { Schema } from "effect"

const positive = Schema.Int.check(Schema.isGreaterThan(0))
const upTo = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))
const name = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_.-]{1,64}$/))

const rule = <S extends Schema.Top>(
  schema: S,
  message: string,
  holds: (value: S["Type"]) => boolean
) => schema.check(Schema.makeFilter((value) => (holds(value) ? undefined : message)))

/** A list in which no two have the same name: of two, one would be forgotten in silence. */
const distinct = <S extends Schema.Top>(schema: S, field: string) =>
  rule(Schema.Array(schema), `must not name the same ${field} twice`, (items) => {
    const names = items.map((item) => (item as Record<string, unknown>)[field])
    return new Set(names).size === names.length
  })

/** `10.0.0.0/8`, `::1/128`. */
const AddressRange = rule(Schema.String, "must be an address range such as 10.0.0.0/8", (range) => {
  const [address = "", bits = "", ...rest] = range.split("/")
  const family = isIP(address)
  return (
    rest.length === 0 &&
    family !== 0 &&
    /^\d{1,3}$/.test(bits) &&
    Number(bits) <= (family === 4 ? 32 : 128)
  )
})

/** Scheme, host and port, as browsers send it: no path, no wildcard. */
const Origin = rule(
  Schema.String,
  "must be an exact origin such as https://app.example.com",
  (origin) => URL.canParse(origin) && new URL(origin).origin === origin
)

const CapabilityRules = rule(
  Schema.Record(Schema.String, Schema.Array(Schema.String)),
  'must map channel patterns to verbs, such as {"chat:*":["subscribe"]}',
  (rules) => typeof parseCapabilities(rules) !== "string"
)

const RateOptions = Schema.Struct({ perSecond: positive, burst: positive })

/** All are per connection unless their name says otherwise. */
const LimitOptions = Schema.Struct({
  /** The largest message a client may send, in bytes. */
  frameBytes: Schema.optionalKey(positive),
  /** The largest data of one publication, at every door. */
  publicationBytes: Schema.optionalKey(positive),
  subscriptions: Schema.optionalKey(positive),
  commands: Schema.optionalKey(RateOptions),
  /** Signals have a budget of their own, beside that of commands. */
  signals: Schema.optionalKey(RateOptions),
  /** Unanswered requests of one connection. */
  pendingCommands: Schema.optionalKey(positive),
  handshakesPerAddress: Schema.optionalKey(RateOptions),
  /** Of all addresses together; also of those that are exempt. */
  handshakesPerNode: Schema.optionalKey(RateOptions),
  connectionsPerNode: Schema.optionalKey(positive),
  /** Of one user on all connectors together; 0: not counted. */
  connectionsPerUser: Schema.optionalKey(upTo(100_000)),
  /** From one address, or one /64 of IPv6, on one connector; 0: not counted. */
  connectionsPerAddress: Schema.optionalKey(upTo(1_000_000)),
  /** What the process may use before it sends clients elsewhere; else what its container may. */
  memoryBytes: Schema.optionalKey(positive),
  connectTimeoutMs: Schema.optionalKey(positive),
  /** A client is asked to come back anew when its connection is about as old; 0: never. */
  connectionMaxAgeSeconds: Schema.optionalKey(upTo(30 * 86_400)),
  heartbeatMs: Schema.optionalKey(positive),
  /** What may wait for a client that reads slowly. */
  outboxBytes: Schema.optionalKey(positive),
  outboxFrames: Schema.optionalKey(positive),
  /** What may wait for all of them together. */
  outboxBytesPerNode: Schema.optionalKey(positive),
  /** Address ranges that the limits of one address or connection do not concern. */
  exempt: Schema.optionalKey(Schema.Array(AddressRange))
})

/** How a connector lets go of its clients when it is told to end. */
const DrainOptions = Schema.Struct({
  settleSeconds: Schema.optionalKey(upTo(600)),
  windowSeconds: Schema.optionalKey(upTo(3_600))
})

export const keyAlgorithms = ["HS256", "ES256", "RS256", "EdDSA"] as const

const fitsAlgorithm = (pem: string, algorithm: "ES256" | "RS256" | "EdDSA"): boolean => {
  try {
    const { asymmetricKeyDetails: details, asymmetricKeyType: type } = createPublicKey(pem)
    switch (algorithm) {
      case "ES256":
        return type === "ec" && details?.namedCurve === "prime256v1"
      case "RS256":
        return type === "rsa" && (details?.modulusLength ?? 0) >= 2048
      case "EdDSA":
        return type === "ed25519"
    }
  } catch {
    return false
  }
}

const TokenKey = rule(
  Schema.Struct({
    /** The `kid` of tokens signed with it. */
    id: name,
    algorithm: Schema.Literals(keyAlgorithms),
    /** HS256: at least 32 bytes. */
    secret: Schema.optionalKey(Schema.String),
    /** The others: a public key in PEM (SPKI). */
    publicKey: Schema.optionalKey(Schema.String)
  }),
  "needs a secret of at least 32 bytes for HS256, and for the other algorithms a publicKey in PEM (SPKI), which is P-256 for ES256, RSA of at least 2048 bits for RS256 and Ed25519 for EdDSA",
  ({ algorithm, secret, publicKey }) =>
    algorithm === "HS256"
      ? secret !== undefined && Buffer.byteLength(secret) >= 32 && publicKey === undefined
      : publicKey !== undefined && secret === undefined && fitsAlgorithm(publicKey, algorithm)
)

const loopback = /^(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])$/

/** Over TLS: who could change what comes from there could sign for anybody. */
const isKeyUrl = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const { hash, hostname, protocol, username } = new URL(text)
  if (username !== "" || hash !== "") return false
  return protocol === "https:" || (protocol === "http:" && loopback.test(hostname))
}

const issuerFields = {
  /** The exact `iss` of accepted tokens. */
  issuer: Schema.String,
  /** The exact `aud` of accepted tokens. */
  audience: Schema.String,
  keys: Schema.optionalKey(distinct(TokenKey, "id")),
  /** Where the issuer publishes its keys (RFC 7517). */
  jwks: Schema.optionalKey(
    rule(Schema.String, "must be https://…, without a user; http:// only of this machine", isKeyUrl)
  )
}

/** A public key of the issuer's, taken for a secret, would let anybody sign. */
const mixesSecrets = ({
  jwks,
  keys = []
}: {
  readonly jwks?: string
  readonly keys?: ReadonlyArray<typeof TokenKey.Type>
}): boolean => jwks !== undefined && keys.some(({ algorithm }) => algorithm === "HS256")

const noSecrets = "must not have keys for HS256 beside jwks"

const AuthOptions = rule(
  Schema.Struct({
    ...issuerFields,
    /** More issuers whose tokens are accepted. */
    others: Schema.optionalKey(
      distinct(
        rule(Schema.Struct(issuerFields), noSecrets, (it) => !mixesSecrets(it)),
        "issuer"
      )
    )
  }),
  `${noSecrets}, and others must not name the same issuer again`,
  (it) => !mixesSecrets(it) && (it.others ?? []).every(({ issuer }) => issuer !== it.issuer)
)

const ApiKeyOptions = Schema.Struct({
  /** Names the publisher in publications and logs. */
  id: name,
  /** SHA-256 of the key, in hex: the key itself is nowhere in the configuration. */
  sha256: Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/)),
  capabilities: CapabilityRules,
  /** May revoke, ban, mute and kick, and read the audit trail. */
  admin: Schema.optionalKey(Schema.Boolean)
})

const isBackendUrl = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const { host, pathname, port, protocol, search, username } = new URL(text)
  if (host === "" || username !== "") return false
  if (protocol === "http:" || protocol === "https:") return true
  return protocol === "grpc:" && port !== "" && search === "" && /^\/?$/.test(pathname)
}

/** Who answers clients' `rpc`. */
const RpcHandlerOptions = Schema.Struct({
  /** A method's name, or what names begin with and `*`; the longest that matches counts. */
  methods: rule(
    Schema.String,
    'must be a method such as "orders.place", or what methods begin with, such as "orders.*"',
    (text) => /^(?=.{1,128}$)[A-Za-z0-9_.:/-]*\*?$/.test(text)
  ),
  url: rule(
    Schema.String,
    "must be http://…, https://… or grpc://host:port, without a user",
    isBackendUrl
  ),
  timeoutMs: Schema.optionalKey(
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 30_000 }))
  ),
  /** Sent as a bearer, so that the backend knows who calls. */
  authorization: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^[\x21-\x7e]{1,1024}$/)))
})

const NodeOptions = Schema.Struct({
  name,
  role: Schema.Literals(["connector", "router", "presence", "auth"]),
  /** host:port of its mesh listener. */
  mesh: Schema.String.check(Schema.isPattern(/^.+:\d{1,5}$/))
})

/** Rules that are not of their namespace, or that no claim can be put into. */
const foreignRules = (
  namespaces: Readonly<Record<string, typeof NamespaceOptions.Type>>
): ReadonlyArray<Schema.FilterIssue> =>
  Object.entries(namespaces).flatMap(([namespace, { rules = {} }]) =>
    Object.keys(rules).flatMap((pattern) => {
      const wrong = mistakeInRule(namespace, pattern)
      return wrong === undefined ? [] : { path: [namespace, "rules", pattern], issue: wrong }
    })
  )

export const WeirFile = Schema.Struct({
  namespaces: Schema.optionalKey(
    Schema.Record(
      Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]{1,64}$/)),
      NamespaceOptions
    ).check(Schema.makeFilter(foreignRules))
  ),
  /** Who may open a connection from a browser. Empty: nobody; programs send no Origin. */
  origins: Schema.optionalKey(Schema.Array(Origin)),
  limits: Schema.optionalKey(LimitOptions),
  /** Whose `X-Forwarded-For` is believed. */
  trustedProxies: Schema.optionalKey(Schema.Array(AddressRange)),
  /** WebSocket clients that offer it are sent compressed publications, and may compress, too. */
  compression: Schema.optionalKey(Schema.Boolean),
  drain: Schema.optionalKey(DrainOptions),
  auth: Schema.optionalKey(AuthOptions),
  apiKeys: Schema.optionalKey(distinct(ApiKeyOptions, "id")),
  rpc: Schema.optionalKey(distinct(RpcHandlerOptions, "methods")),
  /** A fixed view of the mesh: it says who is here, even where Redis keeps the logs. */
  nodes: Schema.optionalKey(distinct(NodeOptions, "name"))
})

export type WeirFile = typeof WeirFile.Type
