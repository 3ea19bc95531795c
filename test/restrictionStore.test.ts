/**
 * Restrictions and the audit trail over a real Redis keep every promise that they keep in memory.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { auditTrailContract } from "@weir/auth/AuditTrail.contract"
import { layerRedis as layerAudit } from "@weir/auth/adapters/RedisAuditStore"
import { layerRedis } from "@weir/auth/adapters/RedisRestrictionStore"
import { restrictionStoreContract } from "@weir/auth/ports/RestrictionStore.contract"
import { RestrictionList } from "@weir/auth/RestrictionList"
import { Redis } from "@weir/redis/Redis"
import { layer as connectionLayer } from "@weir/redis/RedisConnection"
import { parseRedisUrl } from "@weir/redis/RedisUrl"
import { Context, Effect, Layer, ManagedRuntime, Result } from "effect"
import { cli, type RedisServer, startRedis } from "./harness/RedisServer.ts"

let server: RedisServer
let runtime: ManagedRuntime.ManagedRuntime<Redis, never>

beforeAll(async () => {
  server = await startRedis()
  const target = Result.getOrThrow(parseRedisUrl(`redis://127.0.0.1:${server.port}`))
  runtime = ManagedRuntime.make(connectionLayer(target, { name: "test" }))
  await runtime.runPromise(Redis)
})
afterAll(async () => {
  await runtime?.dispose()
  await server?.kill("SIGKILL")
})

const flush = Effect.promise(() => cli(server.port, ["FLUSHALL"]))

/** One connection for all tests, on the real clock; empty at each test's start. */
const empty = Layer.effect(
  Redis,
  Effect.andThen(
    flush,
    Effect.promise(() => runtime.runPromise(Redis))
  )
)

restrictionStoreContract("Redis", Layer.provide(layerRedis, empty))
auditTrailContract("Redis", Layer.provide(layerAudit, empty))

describe("restrictions of two auth nodes over one Redis", () => {
  const node = Effect.map(Layer.build(Layer.fresh(RestrictionList.layer)), (it) =>
    Context.get(it, RestrictionList)
  )
  const ban = (value: string) => ({
    ...{ kind: "ban" as const, target: { type: "user" as const, value } },
    ...{ forMs: 0, issuedBefore: 0, reason: "" }
  })

  it.live("are the same after a look, and survive that Redis loses its memory", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const [one, other] = [yield* node, yield* node]
        yield* one.restrict(ban("ann"))
        yield* other.restrict(ban("bob"))
        yield* one.refresh
        for (const it of [one, other]) assert.strictEqual(it.held()?.size, 2)

        yield* flush
        yield* one.refresh
        const newcomer = yield* node
        yield* newcomer.refresh

        assert.strictEqual(newcomer.held()?.size, 2)
        yield* other.refresh
        assert.strictEqual(other.held()?.size, 2)
        yield* newcomer.lift("ban", { type: "user", value: "ann" })
        for (const it of [one, other]) {
          yield* it.refresh
          assert.deepStrictEqual(
            [...it.held()!.values()].map(({ target }) => target.value),
            ["bob"]
          )
        }
      })
    ).pipe(Effect.provide(Layer.provide(layerRedis, empty)))
  )
})
