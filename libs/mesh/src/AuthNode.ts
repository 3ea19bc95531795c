/**
 * AuthNode: the auth service, seen from outside.
 */
import { type Failure, failure } from "@weir/core/Failure"
import type { Identity } from "@weir/core/Identity"
import { SharedCapabilities } from "@weir/core/SharedCapabilities"
import { monotonicMs } from "@weir/flow/Monotonic"
import * as GrpcClient from "@weir/grpc/GrpcClient"
import { encodeMessage } from "@weir/grpc/ServiceDefinition"
import {
  AuthenticateRequest,
  AuthenticateResponse,
  AuthServiceDefinition,
  type Capability,
  type TokenVerdict,
  type WatchTrustResponse
} from "@weir/proto/mesh/v1/auth"
import { Clock, Context, Effect, Exit, Schedule, type Scope, Stream } from "effect"
import * as Correlated from "./Correlated.ts"
import { fromMessage } from "./Failures.ts"
import * as PeerMap from "./PeerMap.ts"
import { TokenChecks, type Verdict } from "./TokenChecks.ts"

export class AuthNode extends Context.Service<
  AuthNode,
  {
    readonly authenticate: (token: string) => Effect.Effect<Identity, Failure>
    /** The same without a fiber. `answer` is called once, maybe at once, and must not throw. */
    readonly ask: (token: string, answer: (verdict: Verdict) => void) => void
    /** What is needed to judge tickets: all of it, and again after every change. */
    readonly trust: Stream.Stream<WatchTrustResponse, Failure>
    readonly issueDevelopmentToken: (
      user: string,
      subscriptions: ReadonlyArray<string>
    ) => Effect.Effect<string, Failure>
  }
>()("weir/mesh/AuthNode") {}

const shared = new SharedCapabilities()

const capabilitiesOf = (sent: ReadonlyArray<Capability>) =>
  shared.of(JSON.stringify(sent), () =>
    Object.fromEntries(sent.map(({ pattern, verbs }) => [pattern, verbs]))
  )

const identityOf = ({ verdict }: TokenVerdict): Verdict => {
  switch (verdict?.$case) {
    case "identity": {
      const { user, tokenId, issuedAt, expiresAt, subscriptions } = verdict.value
      const capabilities = capabilitiesOf(verdict.value.capabilities)
      if (typeof capabilities === "string") {
        return Exit.fail(failure("internal", `auth: capabilities: ${capabilities}`))
      }
      const identity = { user, tokenId, issuedAt, expiresAt, capabilities }
      return Exit.succeed(subscriptions.length === 0 ? identity : { ...identity, subscriptions })
    }
    case "failure":
      return Exit.fail(fromMessage(verdict.value))
    case undefined:
      return Exit.fail(failure("internal", "auth: an empty answer"))
  }
}

/** Tokens that wait for their verdict. */
const authenticateCapacity = 10_000

/** So much later than its time one that waits is told at most that it was in vain. */
const expirySweep = "500 millis"

const nobody = failure("unavailable", "no auth node is up", 500)

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
        encode: (batch: ReadonlyArray<Correlated.Numbered<string>>) =>
          encodeMessage(AuthenticateRequest, {
            checks: batch.map(({ id, request }) => ({ id, token: request }))
          }),
        responseType: AuthenticateResponse,
        eachAnswer: ({ verdicts }, settle: (id: number, verdict: Verdict) => void) => {
          for (const verdict of verdicts) settle(verdict.id, identityOf(verdict))
        }
      })
      return { client, send }
    })
  )
  const clock = yield* Clock.Clock
  const now = () => monotonicMs(clock)
  const checks = new TokenChecks(() => {
    const it = address()
    return it === undefined ? nobody : peers.get(it).send
  })
  yield* Effect.sync(() => checks.expire(now())).pipe(
    Effect.repeat(Schedule.spaced(expirySweep)),
    Effect.forkScoped
  )
  yield* Effect.addFinalizer(() => Effect.sync(() => checks.end()))
  return {
    authenticate: (token) =>
      Effect.callback((resume) => {
        const cancel = checks.ask(token, now(), resume)
        return Effect.sync(cancel)
      }),
    ask: (token, answer) => {
      checks.ask(token, now(), answer)
    },
    trust: Stream.unwrap(
      Effect.gen(function* () {
        const it = address()
        if (it === undefined) return yield* nobody
        const client = yield* GrpcClient.make(AuthServiceDefinition, it)
        return client.watchTrust({ node: "" })
      })
    ),
    issueDevelopmentToken: (user, subscriptions) =>
      peers.use(address(), ({ client }) =>
        Effect.map(
          client.issueDevelopmentToken({ user, subscriptions: [...subscriptions] }),
          ({ token }) => token
        )
      )
  }
})
