/**
 * ViewStore: the view as it is kept in Redis.
 */
import { Redis, type Reply } from "@weir/redis/Redis"
import type { RedisFailure } from "@weir/redis/RedisFailure"
import type { Script } from "@weir/redis/Script"
import { Clock, Effect, Option, Schema } from "effect"
import type { Read } from "./domain/Staleness.ts"
import { type Node, roles, type View } from "./View.ts"
import * as Scripts from "./ViewScripts.ts"

export interface Answer<Tag extends string> extends Read {
  readonly tag: Tag
  readonly version: number
  /** Only when the version is not the one that was known. */
  readonly view: View | undefined
  /** With `NEWER`: the incarnation that holds the name. */
  readonly held: number | undefined
}

type Asked<Tag extends string> = Effect.Effect<Answer<Tag>, RedisFailure>

export interface ViewStore {
  readonly join: (node: Node, known: View) => Asked<"JOINED" | "NEWER">
  readonly beat: (node: Node, known: View) => Asked<"BEAT" | "GONE" | "REPLACED">
  readonly look: (known: View) => Asked<"SEEN">
  /** Only if the beat is still the one observed. */
  readonly evict: (name: string, observed: string, known: View) => Asked<"EVICTED" | "KEPT">
  readonly update: (node: Node, known: View) => Asked<"UPDATED" | "GONE">
  readonly leave: (node: Node, known: View) => Asked<"LEFT" | "GONE">
}

const StoredNode = Schema.fromJsonString(
  Schema.Struct({
    name: Schema.String,
    role: Schema.Literals(roles),
    incarnation: Schema.Int,
    mesh: Schema.String,
    draining: Schema.Boolean
  })
)
const decodeNode = Schema.decodeUnknownOption(StoredNode)

const items = (reply: Reply | undefined): ReadonlyArray<Reply> =>
  Array.isArray(reply) ? reply : []

/** A newer release may have roles that this one does not know: it does without them. */
const nodesIn = (reply: Reply): ReadonlyArray<Node> =>
  items(reply).flatMap((json) => Option.toArray(decodeNode(String(json))))

const beatsIn = (reply: Reply | undefined): ReadonlyMap<string, string> => {
  const beats = new Map<string, string>()
  const flat = items(reply)
  for (let i = 0; i < flat.length; i += 2) beats.set(String(flat[i]), String(flat[i + 1]))
  return beats
}

const jsonOf = ({ draining, incarnation, mesh, name, role }: Node): string =>
  JSON.stringify({ name, role, incarnation, mesh, draining })

const triple = (node: Node) => [node.name, jsonOf(node), node.incarnation] as const

/** Monotonic milliseconds, for a plain function. */
export const monotonic: Effect.Effect<() => number> = Effect.map(
  Clock.Clock,
  (clock) => () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
)

export const make: Effect.Effect<ViewStore, never, Redis> = Effect.gen(function* () {
  const redis = yield* Redis
  const now = yield* monotonic

  const ask = Effect.fnUntraced(function* <Tag extends string>(
    script: Script,
    args: ReadonlyArray<string | number>,
    known: View
  ): Effect.fn.Return<Answer<Tag>, RedisFailure> {
    const askedAt = now()
    const reply = yield* redis.run(script, Scripts.viewKeys, [...args, known.version])
    const [tag, versionReply, beats, nodes, held] = items(reply)
    const version = Number(versionReply)
    return {
      tag: String(tag) as Tag,
      version,
      view: nodes === undefined ? undefined : { version, nodes: nodesIn(nodes) },
      held: held === undefined ? undefined : Number(held),
      beats: beatsIn(beats),
      askedAt,
      answeredAt: now()
    }
  })

  return {
    join: (node, known) =>
      ask(Scripts.join, [...triple(node), ...known.nodes.flatMap(triple)], known),
    beat: (node, known) => ask(Scripts.beat, [node.name, node.incarnation], known),
    look: (known) => ask(Scripts.look, [], known),
    evict: (name, observed, known) => ask(Scripts.evict, [name, observed], known),
    update: (node, known) =>
      ask(Scripts.update, [node.name, node.incarnation, jsonOf(node)], known),
    leave: (node, known) => ask(Scripts.leave, [node.name, node.incarnation], known)
  }
})
