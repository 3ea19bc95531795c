/**
 * Namespace: the rules that all channels with one prefix share.
 */
import { Schema } from "effect"
import type { AccessRule } from "./AccessRule.ts"
import { verbs } from "./Capability.ts"

/**
 * What happens when a client cannot keep up. `catchUp`: stop pushing to it and
 * replay from the log once it drains, with a `gap` for what the log lost.
 * `conflate`: only the newest publication is owed, or the newest of each key.
 * `dropOldest`: it goes on with the newest that were kept for all who are slow, behind a
 * `gap` for those before. `disconnect`: end the connection; it may resume.
 */
export const slowConsumerPolicies = ["catchUp", "conflate", "dropOldest", "disconnect"] as const

const positive = Schema.Int.check(Schema.isGreaterThan(0))

const Options = Schema.Struct({
  /** Keep publications, so that clients can resume. */
  logged: Schema.optionalKey(Schema.Boolean),
  /** The newest so many publications of each channel are kept. */
  historySize: Schema.optionalKey(positive),
  /** Publications older than this are let go. */
  historyAgeSeconds: Schema.optionalKey(positive),
  /**
   * The newest so many bytes of each channel are kept, as encoded for the wire; the newest
   * publication always is. It is the memory that one busy channel may cost its owner.
   */
  historyBytes: Schema.optionalKey(positive),
  /** Channels have a roster. */
  presence: Schema.optionalKey(Schema.Boolean),
  /**
   * What people may by who they are, beside what their token says: `{"user:{sub}": ["subscribe"]}`,
   * with claims of the token in `{sub}` and `{claims.…}`.
   */
  rules: Schema.optionalKey(Schema.Record(Schema.String, Schema.Array(Schema.Literals(verbs)))),
  /** Clients may publish, if their token says so too. */
  clientPublish: Schema.optionalKey(Schema.Boolean),
  slowConsumer: Schema.optionalKey(Schema.Literals(slowConsumerPolicies)),
  /** With `conflate`: the newest of each key is owed, not the newest of the channel. */
  conflateByKey: Schema.optionalKey(Schema.Boolean),
  /** How long a message id is remembered. */
  dedupeSeconds: Schema.optionalKey(positive),
  /**
   * A publication is accepted only once so many replicas of Redis have it too; with fewer,
   * it is answered with `not_durable`. 0: the primary alone.
   */
  durableReplicas: Schema.optionalKey(
    Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 5 }))
  )
})

export const NamespaceOptions = Options.check(
  Schema.makeFilter(({ conflateByKey = false, historySize = 1, logged = true, slowConsumer }) => {
    if (conflateByKey && slowConsumer !== "conflate") {
      const issue = "needs slowConsumer conflate: nothing else looks at keys"
      return [{ path: ["conflateByKey"], issue }]
    }
    if (slowConsumer === "conflate" && logged && !conflateByKey && historySize !== 1) {
      const issue = "must be 1 where slowConsumer is conflate: only the newest is ever read"
      return [{ path: ["historySize"], issue }]
    }
    return undefined
  })
)

export interface Namespace {
  readonly name: string
  readonly logged: boolean
  readonly historySize: number
  readonly historyAgeMs: number
  readonly historyBytes: number
  readonly presence: boolean
  readonly rules: ReadonlyArray<AccessRule>
  readonly clientPublish: boolean
  readonly slowConsumer: (typeof slowConsumerPolicies)[number]
  readonly conflateByKey: boolean
  readonly dedupeMs: number
  readonly durableReplicas: number
}

const keepsNewestOnly = (
  options: Pick<typeof NamespaceOptions.Type, "slowConsumer" | "conflateByKey">
): boolean => options.slowConsumer === "conflate" && options.conflateByKey !== true

/** A namespace with every option decided. Default: logged, small, read-only for clients. */
export const makeNamespace = (
  name: string,
  options: typeof NamespaceOptions.Type = {}
): Namespace => ({
  name,
  logged: options.logged ?? true,
  historySize: options.historySize ?? (keepsNewestOnly(options) ? 1 : 1000),
  historyAgeMs: (options.historyAgeSeconds ?? 3600) * 1000,
  historyBytes: options.historyBytes ?? 16 * 1024 * 1024,
  presence: options.presence ?? false,
  rules: Object.entries(options.rules ?? {}).map(([pattern, verbs]) => ({ pattern, verbs })),
  clientPublish: options.clientPublish ?? false,
  slowConsumer: options.slowConsumer ?? "catchUp",
  conflateByKey: options.conflateByKey ?? false,
  dedupeMs: (options.dedupeSeconds ?? 120) * 1000,
  durableReplicas: options.durableReplicas ?? 0
})

/** The log is there for the newest alone: who resumes is given that, whatever was missed. */
export const deliversLatest = (namespace: Namespace): boolean =>
  namespace.logged && keepsNewestOnly(namespace)

/** Who reads slowly is given the newest, so that offsets may jump without a `gap`. */
export const conflates = ({ slowConsumer }: Namespace): boolean => slowConsumer === "conflate"

export type Namespaces = ReadonlyMap<string, Namespace>

/**
 * Where connectors publish to themselves to see whether delivery works. No client
 * can name it: `$` is not allowed in a namespace.
 */
export const probeNamespace: Namespace = makeNamespace("$probe", { logged: false })
