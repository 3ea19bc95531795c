/**
 * RedisConnection: Redis as it is reached: one server, behind Sentinels, or a Cluster.
 *
 * What fails says what is known of it, and nothing is queued for a Redis that is
 * away. It is never waited for: who starts before Redis finds it later.
 */
import slotOf from "cluster-key-slot"
import { Effect, Exit, Layer, PubSub, type Scope, Stream } from "effect"
import { clusterServers } from "./ClusterServers.ts"
import { type Call, commandCall, dispatch, scriptCall } from "./Dispatch.ts"
import { GroupCommit } from "./GroupCommit.ts"
import { isOpen, lineOf } from "./Line.ts"
import { makeLineage } from "./Lineage.ts"
import { type DurableReply, Redis, type Reply } from "./Redis.ts"
import { RedisFailure, type RedisFailureKind } from "./RedisFailure.ts"
import type { RedisTarget } from "./RedisUrl.ts"
import { Request } from "./Request.ts"
import type { ServerEvents, Servers } from "./Servers.ts"
import { singleServer } from "./SingleServer.ts"
import { Together } from "./Together.ts"

/** Called for each; for metrics. */
export interface RedisObserver {
  /** On each change; at first it is down. */
  readonly up: (isUp: boolean) => void
  readonly failed: (kind: RedisFailureKind) => void
  readonly reconnected: () => void
}

export interface RedisConnectionOptions {
  /** What Redis lists the connection as; without spaces. */
  readonly name: string
  readonly observer?: RedisObserver
}

/** How long a first connection may take before commands are refused for the lack of it. */
const openingMs = 1_000

const openingPollMs = 5

const lineageInterval = "1 second"

const connect = (target: RedisTarget, name: string, events: ServerEvents): Servers =>
  target.shape === "cluster"
    ? clusterServers(target, name, events)
    : singleServer(target, name, events)

const isComplete = (servers: Servers): boolean => {
  const primaries = [...servers.primaries().values()]
  return primaries.length > 0 && primaries.every(isOpen)
}

/** Ends when all primaries are there, or when it has taken too long. */
const opened = (servers: Servers): Promise<void> =>
  new Promise((resolve) => {
    const end = performance.now() + openingMs
    const poll = setInterval(() => {
      if (!isComplete(servers) && performance.now() < end) return
      clearInterval(poll)
      resolve()
    }, openingPollMs)
  })

export const make = Effect.fnUntraced(function* (
  target: RedisTarget,
  { name, observer }: RedisConnectionOptions
): Effect.fn.Return<Redis["Service"], never, Scope.Scope> {
  const log = Effect.runForkWith(yield* Effect.context<never>())
  const changes = yield* PubSub.unbounded<void>()
  const lost = new Set<string>()
  let wasUp = false
  let isClosed = false

  const isUp = () => {
    for (const connection of servers.primaries().values()) if (isOpen(connection)) return true
    return false
  }
  const tellChange = () => PubSub.publishUnsafe(changes, undefined)
  const compareLineage = async () => {
    if (await hasOtherLineage()) tellChange()
  }
  const tellUp = () => {
    if (isUp() === wasUp) return
    wasUp = !wasUp
    observer?.up(wasUp)
  }

  const servers = connect(target, name, {
    up: (server) => {
      if (isClosed) return
      tellUp()
      compareLineage()
      if (!lost.delete(server)) return
      observer?.reconnected()
      log(Effect.logInfo(`Redis ${server} is back`))
      tellChange()
    },
    down: (server, why) => {
      if (isClosed) return
      tellUp()
      if (lost.has(server)) return
      lost.add(server)
      log(Effect.logWarning(`Redis ${server} is away: ${why}`))
    },
    moved: tellChange
  })
  const hasOtherLineage = makeLineage(servers)
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      isClosed = true
      servers.close()
    })
  )
  yield* Effect.promise(() => opened(servers))
  yield* Effect.sleep(lineageInterval).pipe(
    Effect.andThen(Effect.promise(compareLineage)),
    Effect.forever({ disableYield: true }),
    Effect.forkScoped
  )

  /** WAIT stops a connection for a while, so it has one of its own. */
  let durable: { readonly servers: Servers; readonly opened: Promise<void> } | undefined
  const groups = new WeakMap<object, GroupCommit>()
  const openDurable = () => {
    const it = connect(target, `${name}-durable`, { up() {}, down() {}, moved() {} })
    return { servers: it, opened: opened(it) }
  }
  yield* Effect.addFinalizer(() => Effect.sync(() => durable?.servers.close()))

  const failWith = (error: unknown): Exit.Exit<never, RedisFailure> => {
    if (!(error instanceof RedisFailure)) return Exit.die(error)
    observer?.failed(error.kind)
    return Exit.fail(error)
  }
  const perform = <A>(action: () => Promise<A>): Effect.Effect<A, RedisFailure> =>
    Effect.callback((resume) => {
      action().then(
        (value) => resume(Effect.succeed(value)),
        (error) => resume(failWith(error))
      )
    })
  const together = new Together(servers)

  const send = (call: Call) =>
    dispatch(servers, call, (connection, requests): Promise<Reply> => {
      lineOf(connection).send(requests)
      return requests.at(-1)!.promise
    })

  const sendDurably = async (call: Call, replicas: number): Promise<DurableReply> => {
    if (isClosed) throw new RedisFailure({ kind: "unreachable", message: "closed" })
    durable ??= openDurable()
    await durable.opened
    return dispatch(durable.servers, call, (connection, requests) => {
      let group = groups.get(connection)
      if (group === undefined) {
        group = new GroupCommit(connection)
        groups.set(connection, group)
      }
      return group.send(requests, replicas)
    })
  }

  const slotOfKey = (key: string | Buffer | undefined): number | undefined =>
    target.shape === "cluster" && key !== undefined ? slotOf(key) : undefined

  return {
    run: (script, keys, args) =>
      perform(() => send(scriptCall(script, keys, args, slotOfKey(keys[0])))),
    runTogether: (script, keys, args, answered) =>
      together.add(script, slotOfKey(keys[0]), {
        ...{ keys, args },
        answered: (reply) => answered(Exit.succeed(reply)),
        failed: (error) => answered(failWith(error))
      }),
    runDurably: (script, keys, args, replicas) =>
      perform(() => sendDurably(scriptCall(script, keys, args, slotOfKey(keys[0])), replicas)),
    command: (command, args) =>
      perform(() => {
        const [key] = new Request(command, args).getKeys()
        return send(commandCall(command, args, slotOfKey(key)))
      }),
    isUp,
    changed: Stream.fromPubSub(changes)
  }
})

export const layer = (target: RedisTarget, options: RedisConnectionOptions): Layer.Layer<Redis> =>
  Layer.effect(Redis, make(target, options))
