/**
 * Api: the publish API of a router, for one command.
 */
import { connect } from "node:net"
import { developmentKey } from "@weir/core/ApiKey"
import type { Failure } from "@weir/core/Failure"
import type { CallOptions, GrpcClient } from "@weir/grpc/GrpcClient"
import type { ServiceDefinition } from "@weir/grpc/ServiceDefinition"
import { Effect, Option, type Scope } from "effect"
import { type CommandFailed, refused, unreachable, wrongUsage } from "./CommandFailed.ts"
import type { ApiFlags } from "./Flags.ts"

export interface Api<D extends ServiceDefinition> {
  readonly client: GrpcClient<D>
  /** What each call carries. */
  readonly options: CallOptions
  /** Why a call failed, as one line. */
  readonly explain: (failure: Failure) => Effect.Effect<CommandFailed>
}

const loopback = /^(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])$/i

const hostOf = (address: string): string => address.slice(0, address.lastIndexOf(":"))

/** The development key is known to everybody, and so is no secret that could leave this machine. */
const keyFor = ({ api, key }: ApiFlags): Effect.Effect<string, CommandFailed> => {
  if (Option.isSome(key)) return Effect.succeed(key.value)
  if (loopback.test(hostOf(api))) return Effect.succeed(developmentKey)
  return Effect.fail(
    wrongUsage(`${api} is not on this machine: give an API key with --key or WEIR_API_KEY`)
  )
}

const probeLimitMs = 1_000

/** Does anybody listen there? A failed call does not tell that from a server that cannot now. */
const isReachable = (address: string): Effect.Effect<boolean> =>
  Effect.callback((resume) => {
    const host = hostOf(address).replace(/^\[|\]$/g, "")
    const port = Number(address.slice(address.lastIndexOf(":") + 1))
    const socket = connect({ host, port, timeout: probeLimitMs })
    const answer = (found: boolean) => {
      socket.destroy()
      resume(Effect.succeed(found))
    }
    socket
      .once("connect", () => answer(true))
      .once("timeout", () => answer(false))
      .once("error", () => answer(false))
    return Effect.sync(() => socket.destroy())
  })

const explainFor = (address: string) =>
  Effect.fnUntraced(function* ({ code, message }: Failure) {
    if (code === "unauthenticated") {
      return refused(`${message}: give another key with --key or WEIR_API_KEY`)
    }
    if ((code === "unavailable" || code === "timeout") && !(yield* isReachable(address))) {
      return unreachable(
        `nothing answers at ${address}: start Weir with \`npx weir start\`, or say where it is with --api`
      )
    }
    return refused(`${message} (${code})`)
  })

/** A client of one of the API's services, until the scope closes. */
export const open = Effect.fnUntraced(function* <D extends ServiceDefinition>(
  definition: D,
  flags: ApiFlags
): Effect.fn.Return<Api<D>, CommandFailed, Scope.Scope> {
  const key = yield* keyFor(flags)
  // Only now: to load it takes longer than all else that a command does.
  const { make } = yield* Effect.promise(() => import("@weir/grpc/GrpcClient"))
  return {
    client: yield* make(definition, flags.api),
    options: { metadata: { authorization: `Bearer ${key}` } },
    explain: explainFor(flags.api)
  }
})

/** One question after another to one of the API's services. */
export const ask = <D extends ServiceDefinition, A>(
  definition: D,
  flags: ApiFlags,
  questions: (
    client: GrpcClient<D>,
    options: CallOptions
  ) => Effect.Effect<A, Failure | CommandFailed>
): Effect.Effect<A, CommandFailed> =>
  Effect.scoped(
    Effect.flatMap(open(definition, flags), ({ client, explain, options }) =>
      Effect.catchTag(questions(client, options), "Failure", (failure) =>
        Effect.flatMap(explain(failure), Effect.fail)
      )
    )
  )
