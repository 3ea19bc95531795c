/**
 * Edge: Weir as its clients meet it: the SDK on one connection, whose comings and goings are
 * told on standard error.
 */
import type { WeirClient } from "@weir/client/WeirClient"
import { Deferred, Effect, Option, type Scope } from "effect"
import { type CommandFailed, refused, unreachable } from "./CommandFailed.ts"
import { developmentToken } from "./DevelopmentToken.ts"
import { note } from "./Output.ts"

export interface EdgeFlags {
  readonly url: string
  readonly user: string
  readonly token: Option.Option<string>
}

export interface Edge {
  readonly client: WeirClient
  /** Fails when it cannot be reached at all, or has sent us away for good. */
  readonly lost: Effect.Effect<never, CommandFailed>
}

/** The socket of what `--url` names; a path of its own is kept. */
const socketOf = (url: string): string => {
  const socket = new URL(url)
  if (socket.pathname === "/") socket.pathname = "/v1/ws"
  return socket.href
}

const secondsSince = (millis: number): string => `${((Date.now() - millis) / 1_000).toFixed(1)} s`

/** The first token is had before anything else, so that its failure is told as what it is. */
const tokenSource = Effect.fnUntraced(function* ({ token, url, user }: EdgeFlags) {
  if (Option.isSome(token)) return token.value
  let first: string | undefined = yield* developmentToken(url, user)
  return () => {
    const known = first
    first = undefined
    return known ?? Effect.runPromise(developmentToken(url, user))
  }
})

/** Connected, or on its way to be, until the scope closes. */
export const open = Effect.fnUntraced(function* (
  flags: EdgeFlags
): Effect.fn.Return<Edge, CommandFailed, Scope.Scope> {
  const lost = yield* Deferred.make<never, CommandFailed>()
  const fail = (why: CommandFailed) => Deferred.doneUnsafe(lost, Effect.fail(why))
  const token = yield* tokenSource(flags)
  let isKnown = false
  let lostAt: number | undefined

  const onState = (state: WeirClient["state"]) => {
    if (state === "connected") {
      const { user } = client
      if (!isKnown) note(`connected to ${flags.url} as ${user === "" ? "nobody" : user}`)
      else if (lostAt !== undefined) note(`connected again, after ${secondsSince(lostAt)}`)
      isKnown = true
      lostAt = undefined
    } else if (state === "waiting" && !isKnown) {
      fail(unreachable(`no connection to ${flags.url}: is it Weir's, and does it run?`))
    } else if (state === "waiting" && lostAt === undefined) {
      lostAt = Date.now()
      note("the connection is lost; trying to come back")
    } else if (state === "closed" && client.failure !== undefined) {
      fail(refused(client.failure.message))
    }
  }

  const sdk = yield* Effect.promise(() => import("@weir/client/WeirClient"))
  const client = yield* Effect.acquireRelease(
    Effect.sync(
      () => new sdk.WeirClient({ url: socketOf(flags.url), token, name: "weir-cli/0.1.0", onState })
    ),
    (it) => Effect.promise(() => it.close())
  )
  client.connect()
  return { client, lost: Deferred.await(lost) }
})
