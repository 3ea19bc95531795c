import { assert, describe, it } from "@effect/vitest"
import { layerStatic } from "@weir/cluster/LocalCluster"
import { digestOf } from "@weir/core/ApiKey"
import { type Failure, failure } from "@weir/core/Failure"
import * as GrpcClient from "@weir/grpc/GrpcClient"
import * as GrpcServer from "@weir/grpc/GrpcServer"
import { RestrictionNode } from "@weir/mesh/RestrictionNode"
import { Routers } from "@weir/mesh/Routers"
import { AdminServiceDefinition, type ListChannelsRequest } from "@weir/proto/api/v1/admin"
import { Effect, Layer, Schedule } from "effect"
import { Router } from "../Router.ts"
import * as AdminHandlers from "./AdminHandlers.ts"

const keyWith = (id: string, capabilities: ReadonlyArray<[string, ReadonlyArray<"history">]>) => ({
  ...{ id, sha256: digestOf(id) },
  capabilities: capabilities.map(([pattern, verbs]) => ({ pattern, verbs })),
  admin: false
})
const keys = [
  keyWith("all", [["*", ["history"]]]),
  keyWith("chat", [["chat:*", ["history"]]]),
  keyWith("none", [["*", []]]),
  { ...keyWith("admin", []), admin: true }
]

interface Owned {
  readonly channel: string
  readonly term?: number
}

/** What each router owns; `undefined`: it does not answer. */
type Mesh = Readonly<Record<string, ReadonlyArray<Owned> | undefined>>

const notAsked = () => Effect.die("not asked of anybody")

const routersOf = (mesh: Mesh) =>
  Layer.succeed(Routers, {
    publish: notAsked,
    read: notAsked,
    handoff: notAsked,
    attach: notAsked,
    forward: () => {
      throw new Error("not asked of anybody")
    },
    listOwned: (address, { after, limit, prefix }) => {
      const owned = mesh[address]
      if (owned === undefined) return Effect.fail(failure("timeout", "no answer came in time"))
      const found = owned.filter(({ channel }) => channel > after && channel.startsWith(prefix))
      return Effect.succeed(
        found.slice(0, limit).map(({ channel, term = 1 }) => ({
          ...{ channel, connectors: 1, position: { epoch: "e", term, offset: 1 } }
        }))
      )
    }
  })

/** One that has lanes to this router, and one that is in the view as well. */
const connectors = Layer.succeed(Router, {
  connectors: () => new Set(["connector-1", "connector-2"])
} as unknown as Router["Service"])

/** What auth was asked for, and by whom. */
const fakeAuth = () => {
  const asked: Array<unknown> = []
  const node = RestrictionNode.of({
    restrict: ({ forMs, issuedBefore: _, ...it }, actor) => {
      asked.push([it.kind, it.target, forMs, actor.name, actor.address, actor.requestId])
      return Effect.succeed({ ...it, at: 5, until: 5 + forMs })
    },
    lift: (kind, target, actor) => {
      asked.push(["lift", kind, target, actor.name])
      return Effect.succeed(true)
    },
    list: (kind, limit, after) => {
      asked.push(["list", kind, limit, after])
      return Effect.succeed({ restrictions: [], next: "" })
    },
    check: notAsked,
    record: (events) => {
      asked.push(...events.map(({ action, actor, result }) => ["refused", action, actor, result]))
      return Effect.void
    },
    readAudit: (after, limit) => Effect.succeed({ lines: [`${after} ${limit}`], next: 0 })
  })
  return { asked, node }
}

/** The service of a router among these, and a connector. */
const serve = Effect.fnUntraced(function* (mesh: Mesh, auth = fakeAuth()) {
  const nodes = Object.keys(mesh).map((name) => ({ name, role: "router" as const, mesh: name }))
  const connector = { name: "connector-1", role: "connector" as const, mesh: "c" }
  const handlers = yield* AdminHandlers.make(keys).pipe(
    Effect.provide(
      Layer.mergeAll(
        routersOf(mesh),
        layerStatic([connector, ...nodes]),
        connectors,
        Layer.succeed(RestrictionNode, auth.node)
      )
    )
  )
  const { address } = yield* GrpcServer.make({
    host: "127.0.0.1",
    port: 0,
    services: [handlers]
  })
  const client = yield* GrpcClient.make(AdminServiceDefinition, address)
  const as = (key: string) => ({ metadata: { authorization: `Bearer ${key}` } })
  return {
    list: (request: Partial<ListChannelsRequest> = {}, key = "all") =>
      client.listChannels({ prefix: "", limit: 0, after: "", ...request }, as(key)),
    ring: (key = "all") => client.getRing({}, as(key)),
    client,
    as
  }
})

const told = ({ code, message }: Failure) => `${code}: ${message}`

const three: Mesh = {
  "router-1": [{ channel: "chat:a" }, { channel: "chat:d" }, { channel: "live:b" }],
  "router-2": [{ channel: "chat:c" }, { channel: "chat:e" }, { channel: "live:a" }],
  "router-3": []
}

describe("AdminService.ListChannels", () => {
  it.live("merges what all routers own, page by page, and knows which page is the last", () =>
    Effect.gen(function* () {
      const { list } = yield* serve(three)
      const pages: Array<string> = []
      let after = ""
      do {
        const { channels, next } = yield* list({ limit: 2, after })
        pages.push(channels.map(({ channel, owner }) => `${channel} ${owner}`).join(", "))
        after = next
      } while (after !== "")
      assert.deepStrictEqual(pages, [
        "chat:a router-1, chat:c router-2",
        "chat:d router-1, chat:e router-2",
        "live:a router-2, live:b router-1"
      ])
    })
  )

  it.live("knows of another page also where one router owns all of it", () =>
    Effect.gen(function* () {
      const { list } = yield* serve({ "router-1": three["router-1"], "router-2": [] })
      assert.strictEqual((yield* list({ limit: 2 })).next, "chat:d")
      assert.strictEqual((yield* list({ limit: 3 })).next, "")
    })
  )

  it.live("gives those with the prefix", () =>
    Effect.gen(function* () {
      const { list } = yield* serve(three)
      const { channels, next } = yield* list({ prefix: "live:" })
      assert.deepStrictEqual(
        channels.map(({ channel }) => channel),
        ["live:a", "live:b"]
      )
      assert.strictEqual(next, "")
    })
  )

  it.live("names a channel that changes hands once, with the newer owner", () =>
    Effect.gen(function* () {
      const { list } = yield* serve({
        "router-1": [{ channel: "chat:a", term: 1 }],
        "router-2": [{ channel: "chat:a", term: 9 }],
        "router-3": [{ channel: "chat:a", term: 5 }]
      })
      const { channels } = yield* list()
      assert.deepStrictEqual(
        channels.map(({ owner }) => owner),
        ["router-2"]
      )
    })
  )

  it.live("says which router does not answer rather than leave its share out", () =>
    Effect.gen(function* () {
      const { list } = yield* serve({ ...three, "router-2": undefined })
      const refused = yield* Effect.flip(list())
      assert.strictEqual(told(refused), "unavailable: router-2 does not answer")
      assert.strictEqual(refused.retryAfterMs, 500)
    })
  )

  it.live("bounds a page", () =>
    Effect.gen(function* () {
      const { list } = yield* serve(three)
      const refused = yield* Effect.flip(list({ limit: 1_001 }))
      assert.strictEqual(told(refused), "bad_request: limit: 1001, at most 1000")
    })
  )
})

describe("AdminService.GetRing", () => {
  it.live("tells who is here, and how much each router owns", () =>
    Effect.gen(function* () {
      const { ring } = yield* serve(three)
      const { nodes, view } = yield* ring()
      assert.strictEqual(view, 1)
      assert.deepStrictEqual(
        nodes.map(({ name, role }) => `${name} ${role}`),
        [
          ...["connector-1 connector", "connector-2 connector"],
          ...["router-1 router", "router-2 router", "router-3 router"]
        ]
      )
      const shards = nodes.map((node) => node.shards)
      assert.deepStrictEqual(shards.slice(0, 2), [0, 0])
      assert.isAbove(Math.min(...shards.slice(2)), 200)
      assert.strictEqual(
        shards.reduce((sum, it) => sum + it),
        1_024
      )
    })
  )
})

describe("AdminService", () => {
  it.live("answers to a key that may do something everywhere, and says so to others", () =>
    Effect.gen(function* () {
      const { list, ring } = yield* serve(three)
      const refusal =
        "permission_denied: this API key may not see all channels: give it a verb on the pattern `*`"
      for (const key of ["chat", "none"]) {
        assert.strictEqual(told(yield* Effect.flip(list({}, key))), refusal)
        assert.strictEqual(told(yield* Effect.flip(ring(key))), refusal)
      }
      const stranger = yield* Effect.flip(ring("nobody"))
      assert.strictEqual(told(stranger), "unauthenticated: authorization: unknown API key")
    })
  )
})

describe("the admin service's restrictions", () => {
  const user = { target: { $case: "user", value: "ann" } } as const
  const ban = { kind: "ban", target: user, forSeconds: 2, issuedBefore: 0, reason: "spam" }

  it.live("are asked of auth, in the name of the key that asks", () =>
    Effect.gen(function* () {
      const auth = fakeAuth()
      const { as, client } = yield* serve({}, auth)
      const admin = { metadata: { ...as("admin").metadata, "x-request-id": "r-1" } }

      const { restriction } = yield* client.restrict(ban, admin)
      assert.deepStrictEqual(restriction, {
        ...{ kind: "ban", target: user, at: 5, until: 2_005, reason: "spam" }
      })
      assert.isTrue((yield* client.lift({ kind: "ban", target: user }, admin)).lifted)
      yield* client.listRestrictions({ kind: "", limit: 0, after: "x" }, admin)
      const audit = yield* client.readAudit({ after: 3, limit: 7 }, admin)

      assert.deepStrictEqual(audit.lines, ["3 7"])
      const named = { type: "user", value: "ann" }
      assert.deepStrictEqual(auth.asked, [
        ["ban", named, 2_000, "admin", "127.0.0.1", "r-1"],
        ["lift", "ban", named, "admin"],
        ["list", "", 100, "x"]
      ])
    })
  )

  it.live("are for keys that may administer alone, and what is refused is written down", () =>
    Effect.gen(function* () {
      const auth = fakeAuth()
      const { as, client } = yield* serve({}, auth)
      const refused = yield* Effect.forEach(["all", "nobody"], (key) =>
        Effect.map(Effect.flip(client.restrict(ban, as(key))), told)
      )
      const unread = yield* Effect.flip(client.readAudit({ after: 0, limit: 0 }, as("all")))

      assert.deepStrictEqual(refused, [
        'permission_denied: this API key may not administer: give it "admin": true in the configuration',
        "unauthenticated: authorization: unknown API key"
      ])
      assert.strictEqual(unread.code, "permission_denied")
      yield* Effect.suspend(() =>
        auth.asked.length < 3 ? Effect.fail("waiting") : Effect.void
      ).pipe(Effect.retry({ schedule: Schedule.spaced("20 millis"), times: 200 }))
      assert.deepStrictEqual(auth.asked, [
        ["refused", "ban", "all", "permission_denied"],
        ["refused", "ban", "", "unauthenticated"],
        ["refused", "audit.read", "all", "permission_denied"]
      ])
    })
  )

  it.live.each([
    [{ kind: "shun" }, "kind: must be one of revoke, ban, mute, kick"],
    [{ target: undefined }, "target: is missing"],
    [{ target: { target: undefined } }, "target: is missing"],
    [{ target: { target: { $case: "everybody", value: false } } }, "target.everybody: must be true"]
  ] as const)("refuse %j", ([wrong, message]) =>
    Effect.gen(function* () {
      const { as, client } = yield* serve({})
      const refused = yield* Effect.flip(client.restrict({ ...ban, ...wrong }, as("admin")))
      assert.strictEqual(told(refused), `bad_request: ${message}`)
    })
  )
})
