import { assert, describe, it } from "@effect/vitest"
import { failure } from "@weir/core/Failure"
import * as GrpcClient from "@weir/grpc/GrpcClient"
import * as GrpcServer from "@weir/grpc/GrpcServer"
import { AuthServiceDefinition, type RestrictionChanges } from "@weir/proto/mesh/v1/auth"
import { Array as Arr, Deferred, Effect, Layer, Queue, Ref, Stream } from "effect"
import { Auth } from "../Auth.ts"
import { goodClaims, makeIssuer } from "../Issuer.fixture.ts"
import { layerMemory } from "../ports/MemoryRestrictionStore.ts"
import { RestrictionList } from "../RestrictionList.ts"
import { authHandlers } from "./AuthHandlers.ts"

const issuer = makeIssuer("EdDSA")

const list = Layer.provide(RestrictionList.layer, layerMemory)

const real = (development: boolean) =>
  Layer.merge(
    Auth.layer({
      auth: { issuer: "https://id.example.com", audience: "weir", keys: [issuer.settings] },
      development,
      namespaces: new Map()
    }),
    list
  )

/** An Auth whose checks take as long as the test wants. */
const fake = (authenticate: Auth["Service"]["authenticate"]) =>
  Layer.merge(
    Layer.succeed(
      Auth,
      Auth.of({
        authenticate,
        issueDevelopmentToken: Effect.succeed,
        trust: Stream.never,
        rotateTicketKeys: Effect.void
      })
    ),
    list
  )

const identity = (user: string) => ({
  user,
  tokenId: "",
  issuedAt: 1,
  expiresAt: 2,
  capabilities: []
})

const connect = Effect.gen(function* () {
  const services = [yield* authHandlers]
  const server = yield* GrpcServer.make({ host: "127.0.0.1", port: 0, services })
  return yield* GrpcClient.make(AuthServiceDefinition, server.address)
})

/** The stream of checks, with its verdicts in a queue. */
const openStream = Effect.gen(function* () {
  const client = yield* connect
  const { inbound, writeAll } = yield* client.authenticate()
  const verdicts = yield* Queue.unbounded<{ id: number; is: string }>()
  yield* inbound.pipe(
    Stream.runForEach((response) =>
      Queue.offerAll(
        verdicts,
        response.verdicts.map(({ id, verdict }) => ({
          id,
          is:
            verdict?.$case === "identity"
              ? verdict.value.user
              : `${verdict?.value.code}: ${verdict?.value.message}`
        }))
      )
    ),
    Effect.forkScoped
  )
  return {
    /** Until whatever has been sent could have been begun. */
    roundTrip: client.issueDevelopmentToken({ user: "ann", subscriptions: [] }),
    send: (...checks: Array<readonly [id: number, token: string]>) =>
      writeAll([{ checks: checks.map(([id, token]) => ({ id, token })) }]),
    take: (count: number) =>
      Effect.map(Queue.takeN(verdicts, count), (taken) => taken.toSorted((a, b) => a.id - b.id))
  }
})

describe("the auth service's stream of checks", () => {
  it.live("answers each token of a batch, good or bad, under its own number", () =>
    Effect.gen(function* () {
      const { send, take } = yield* openStream
      const now = Date.now()
      yield* send(
        [7, issuer.token(goodClaims(now))],
        [8, issuer.token(goodClaims(now - 7_200_000))],
        [9, "garbage"]
      )
      yield* send([10, issuer.token(goodClaims(now, { sub: "" }))])

      assert.deepStrictEqual(yield* take(4), [
        { id: 7, is: "ann" },
        { id: 8, is: "unauthenticated: token: expired" },
        { id: 9, is: "unauthenticated: token: not a signed JWT" },
        { id: 10, is: "" }
      ])
    }).pipe(Effect.provide(real(false)))
  )

  it.live("carries the whole identity", () =>
    Effect.gen(function* () {
      const client = yield* connect
      const { inbound, writeAll } = yield* client.authenticate()
      const claims = { jti: "t-1", capabilities: { "*": ["subscribe"] }, subscriptions: ["chat:a"] }
      const token = issuer.token(goodClaims(Date.now(), claims))
      yield* writeAll([{ checks: [{ id: 1, token }] }])

      const response = yield* Effect.flatMap(Stream.runHead(inbound), Effect.fromOption)
      const verdict = response.verdicts[0]?.verdict
      assert(verdict?.$case === "identity")
      const { issuedAt, expiresAt, ...rest } = verdict.value
      assert.deepStrictEqual(rest, {
        user: "ann",
        tokenId: "t-1",
        capabilities: [{ pattern: "*", verbs: ["subscribe"] }],
        subscriptions: ["chat:a"]
      })
      assert.strictEqual(expiresAt - issuedAt, 3_600_000)
    }).pipe(Effect.provide(real(false)))
  )

  it.live("does not let a slow check hold up other batches", () => {
    const gate = Deferred.makeUnsafe<void>()
    return Effect.gen(function* () {
      const { send, take } = yield* openStream
      yield* send([1, "slow"], [2, "quick"])
      yield* send([3, "quick"])

      assert.deepStrictEqual(yield* take(1), [{ id: 3, is: "quick" }])
      yield* Deferred.succeed(gate, undefined)
      assert.deepStrictEqual(yield* take(2), [
        { id: 1, is: "slow" },
        { id: 2, is: "quick" }
      ])
    }).pipe(
      Effect.provide(
        fake((token) =>
          Effect.as(token === "slow" ? Deferred.await(gate) : Effect.void, identity(token))
        )
      )
    )
  })

  it.live("checks no more than 512 tokens at once, and all of them in the end", () => {
    const gate = Deferred.makeUnsafe<void>()
    const running = Ref.makeUnsafe(0)
    const full = Deferred.makeUnsafe<void>()
    return Effect.gen(function* () {
      const { roundTrip, send, take } = yield* openStream
      const ids = Arr.range(1, 2_000)
      yield* send(...ids.map((id) => [id, "held"] as const))

      yield* Deferred.await(full)
      yield* roundTrip
      assert.strictEqual(yield* Ref.get(running), 512)
      yield* Deferred.succeed(gate, undefined)
      assert.deepStrictEqual(
        (yield* take(2_000)).map(({ id }) => id),
        ids
      )
    }).pipe(
      Effect.provide(
        fake((token) =>
          Effect.gen(function* () {
            const now = yield* Ref.updateAndGet(running, (n) => n + 1)
            if (now === 512) yield* Deferred.succeed(full, undefined)
            yield* Deferred.await(gate)
            return identity(token)
          })
        )
      )
    )
  })

  it.live("answers for a check that died and goes on with the others", () =>
    Effect.gen(function* () {
      const { send, take } = yield* openStream
      yield* send([1, "poison"], [2, "quick"])
      yield* send([3, "refused"])

      assert.deepStrictEqual(yield* take(3), [
        { id: 1, is: "internal: internal error" },
        { id: 2, is: "quick" },
        { id: 3, is: "unauthenticated: token: no" }
      ])
    }).pipe(
      Effect.provide(
        fake((token) =>
          token === "poison"
            ? Effect.die(new Error("poison"))
            : token === "refused"
              ? Effect.fail(failure("unauthenticated", "token: no"))
              : Effect.succeed(identity(token))
        )
      )
    )
  )
})

describe("the auth service's trust", () => {
  it.live("comes whole at once, and again after every rotation", () =>
    Effect.gen(function* () {
      const client = yield* connect
      const { rotateTicketKeys } = yield* Auth
      const seen = yield* Queue.unbounded<ReadonlyArray<{ id: string; secret: Uint8Array }>>()
      yield* client.watchTrust({ node: "connector-1" }).pipe(
        Stream.runForEach(({ ticketKeys, revocations }) => {
          assert.deepStrictEqual(revocations, [])
          return Queue.offer(seen, ticketKeys)
        }),
        Effect.forkScoped
      )

      const [newest, previous] = yield* Queue.take(seen)
      assert(newest !== undefined && previous !== undefined)
      assert.deepStrictEqual([newest.secret.byteLength, previous.secret.byteLength], [32, 32])
      yield* rotateTicketKeys
      const [next, kept, ...others] = yield* Effect.repeat(Queue.take(seen), {
        until: ([first]) => first?.id !== newest.id
      })

      assert.deepStrictEqual([kept, others], [newest, []])
      assert.notInclude([newest.id, previous.id], next?.id)
    }).pipe(Effect.provide(real(false)))
  )
})

describe("the auth service's list of restrictions", () => {
  const ban = (value: string) => ({
    ...{ kind: "ban" as const, target: { type: "user" as const, value } },
    ...{ forMs: 0, issuedBefore: 0, reason: "" }
  })

  it.live("comes whole, in messages that fit, and then each change", () =>
    Effect.gen(function* () {
      const { lift, restrict } = yield* RestrictionList
      const users = Array.from({ length: 2_500 }, (_, index) => `user ${index}`)
      yield* Effect.forEach(users, (user) => restrict(ban(user)), { discard: true })
      const client = yield* connect
      const seen = yield* Queue.unbounded<RestrictionChanges>()
      yield* client.watchTrust({ node: "connector-1" }).pipe(
        Stream.runForEach(({ restrictions }) =>
          restrictions === undefined ? Effect.void : Queue.offer(seen, restrictions)
        ),
        Effect.forkScoped
      )

      const pages = yield* Queue.takeN(seen, 3)
      assert.deepStrictEqual(
        pages.map(({ more, put, whole }) => [whole, more, put.length]),
        [
          [true, true, 1_000],
          [false, true, 1_000],
          [false, false, 500]
        ]
      )
      assert.sameMembers(
        pages.flatMap(({ put }) => put.map(({ target }) => target)),
        users
      )
      yield* restrict(ban("mallory"))
      yield* lift("ban", { type: "user", value: "user 7" })
      const [put, lifted] = yield* Queue.takeN(seen, 2)
      assert.deepStrictEqual(
        put!.put.map(({ kind, target }) => [kind, target]),
        [["ban", "mallory"]]
      )
      assert.deepStrictEqual(lifted!.lifted, [
        { kind: "ban", targetType: "user", target: "user 7" }
      ])
    }).pipe(Effect.provide(real(false)))
  )
})

describe("the auth service's development tokens", () => {
  it.live("are accepted by the node that issued them", () =>
    Effect.gen(function* () {
      const client = yield* connect
      const { token } = yield* client.issueDevelopmentToken({ user: "bob", subscriptions: [] })
      const { authenticate } = yield* Auth
      assert.strictEqual((yield* authenticate(token)).user, "bob")
    }).pipe(Effect.provide(real(true)))
  )

  it.live("are refused outside development", () =>
    Effect.gen(function* () {
      const client = yield* connect
      const refused = yield* Effect.flip(
        client.issueDevelopmentToken({ user: "bob", subscriptions: [] })
      )
      assert.strictEqual(refused.code, "permission_denied")
    }).pipe(Effect.provide(real(false)))
  )

  it.live.each(["", "b".repeat(129), "bob\nadmin"])("are refused for the user %j", (user) =>
    Effect.gen(function* () {
      const client = yield* connect
      const refused = yield* Effect.flip(client.issueDevelopmentToken({ user, subscriptions: [] }))
      assert.deepStrictEqual(
        [refused.code, refused.message],
        ["bad_request", "user: must be text of 1 to 128 bytes without control characters"]
      )
    }).pipe(Effect.provide(real(true)))
  )
})
