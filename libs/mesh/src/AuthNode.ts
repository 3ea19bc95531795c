/**
 * AuthNode: the auth service, seen from outside.
 */
import { parseCapabilities } from "@weir/core/Capability"
import { type Failure, failure } from "@weir/core/Failure"
import type { Identity } from "@weir/core/Identity"
import * as GrpcClient from "@weir/grpc/GrpcClient"
import {
  AuthServiceDefinition,
  type TokenVerdict,
  type WatchTrustResponse
} from "@weir/proto/mesh/v1/auth"
import { Context, Effect, Exit, type Scope, Stream } from "effect"
import * as Correlated from "./Correlated.ts"
import { fromMessage } from "./Failures.ts"
import * as PeerMap from "./PeerMap.ts"

export class AuthNode extends Context.Service<
  AuthNode,
  {
    readonly authenticate: (token: string) => Effect.Effect<Identity, Failure>
    /** What is needed to judge tickets: all of it, and again after every change. */
    readonly trust: Stream.Stream<WatchTrustResponse, Failure>
    readonly issueDevelopmentToken: (user: string) => Effect.Effect<string, Failure>
  }
>()("weir/mesh/AuthNode") {}

const identityOf = ({ verdict }: TokenVerdict): Exit.Exit<Identity, Failure> => {
  switch (verdict?.$case) {
    case "identity": {
      const { user, tokenId, issuedAt, expiresAt } = verdict.value
      const capabilities = parseCapabilities(
        Object.fromEntries(verdict.value.capabilities.map((it) => [it.pattern, it.verbs]))
      )
      return typeof capabilities === "string"
        ? Exit.fail(failure("internal", `auth: capabilities: ${capabilities}`))
        : Exit.succeed({ user, tokenId, issuedAt, expiresAt, capabilities })
    }
    case "failure":
      return Exit.fail(fromMessage(verdict.value))
    case undefined:
      return Exit.fail(failure("internal", "auth: an empty answer"))
  }
}

/** Tokens that wait for their verdict. */
const authenticateCapacity = 10_000

/** `address`: the mesh address of an auth node, if one is up. */
export const make = Effect.fnUntraced(function* (
  address: () => string | undefined
): Effect.fn.Return<AuthNode["Service"], never, Scope.Scope> {
  const peers = yield* PeerMap.make("auth", (it) =>
    Effect.gen(function* () {
      const client = yield* GrpcClient.make(AuthServiceDefinition, it)
      const send = yield* Correlated.make({
        peer: "auth",
        open: client.authenticate(),
        capacity: authenticateCapacity,
        batchSize: 256,
        ...Correlated.failuresOf("auth", authenticateCapacity),
        write: ({ writeAll }, batch: ReadonlyArray<Correlated.Numbered<string>>) =>
          writeAll([{ checks: batch.map(({ id, request }) => ({ id, token: request })) }]),
        fromMessage: ({ verdicts }) =>
          verdicts.map((verdict) => ({ id: verdict.id, result: identityOf(verdict) }))
      })
      return { client, authenticate: Correlated.asking(send) }
    })
  )
  return {
    authenticate: (token) =>
      peers
        .use(address(), ({ authenticate }) => authenticate(token))
        .pipe(
          Effect.timeoutOrElse({
            duration: "5 seconds",
            orElse: () => Effect.fail(failure("timeout", "no answer from auth"))
          })
        ),
    trust: Stream.unwrap(
      Effect.gen(function* () {
        const it = address()
        if (it === undefined) return yield* failure("unavailable", "no auth node is up", 500)
        const client = yield* GrpcClient.make(AuthServiceDefinition, it)
        return client.watchTrust({ node: "" })
      })
    ),
    issueDevelopmentToken: (user) =>
      peers.use(address(), ({ client }) =>
        Effect.map(client.issueDevelopmentToken({ user }), ({ token }) => token)
      )
  }
})
