/**
 * Looking at a cluster of several processes from outside, over gRPC and in a shell.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { apiKey } from "./harness/apiKey.ts"
import { GrpcReflectionClient } from "./harness/GrpcReflectionClient.ts"
import { connectJson } from "./harness/JsonClient.ts"
import { type Mesh, startMesh } from "./harness/Mesh.ts"
import { runWeir } from "./harness/WeirCommand.ts"
import { developmentToken } from "./harness/WeirProcess.ts"
import type { Payload } from "./harness/WireClient.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const adminService = "weir.api.v1.AdminService"
const narrow = apiKey("narrow", { "chat:*": ["publish", "history"] })

/** So many that each of three routers owns some. */
const names = Array.from({ length: 30 }, (_, n) => `chat:admin-${String(n).padStart(2, "0")}`)

describe("the admin service", () => {
  let mesh: Mesh
  let apis: ReadonlyArray<GrpcReflectionClient> = []
  const open: Array<{ readonly close: () => void }> = []

  beforeAll(async () => {
    mesh = await startMesh(
      { auth: 1, presence: 1, router: 3, connector: 2 },
      { apiKeys: [narrow.settings] }
    )
    apis = await Promise.all(
      mesh.all("router").map(({ grpc }) => GrpcReflectionClient.connect(grpc!))
    )
    for (const channel of names) {
      const request = { channel, data: Buffer.from("1") }
      const { code } = await apis[0]!.call(
        "weir.api.v1.PublishService",
        "Publish",
        request,
        "dev-key"
      )
      assert.strictEqual(code, 0)
    }
  })
  afterAll(async () => {
    for (const it of open) it.close()
    for (const it of apis) it.close()
    await mesh?.stop()
  })

  const list = async (api: GrpcReflectionClient, request: object = {}): Promise<Payload> =>
    (await api.call(adminService, "ListChannels", request, "dev-key")).response

  const namesIn = ({ channels }: Payload): ReadonlyArray<string> =>
    (channels ?? []).map(({ channel }: Payload) => channel)

  it("is learned from the server", () => {
    for (const { services } of apis) assert.include(services, adminService)
  })

  it("gives the same list on every router, of what all of them own", async () => {
    for (const api of apis) {
      const { channels, next } = await list(api, { prefix: "chat:admin-" })

      assert.deepStrictEqual(namesIn({ channels }), names)
      assert.strictEqual(next, "")
      assert.sameMembers(
        [...new Set(channels.map(({ owner }: Payload) => owner))],
        ["router-1", "router-2", "router-3"]
      )
      for (const { position } of channels) assert.strictEqual(position.offset, 1)
    }
  })

  it("gives pages that go on where the one before ended, until there is none", async () => {
    const seen: Array<string> = []
    const sizes: Array<number> = []
    let after = ""
    do {
      const page = await list(apis[0]!, { prefix: "chat:admin-", limit: 10, after })
      seen.push(...namesIn(page))
      sizes.push(namesIn(page).length)
      after = page.next
    } while (after !== "")

    assert.deepStrictEqual(seen, names)
    assert.deepStrictEqual(sizes, [10, 10, 10])
  })

  it("counts the connectors that follow a channel, not the clients", async () => {
    const channel = names[0]!
    for (const { http } of mesh.all("connector")) {
      for (const user of ["ann", "bob"]) {
        const token = await developmentToken(http!, user)
        open.push(await connectJson(http!, { token, subscriptions: [{ channel }] }))
      }
    }

    await waitUntil("both connectors are counted", async () => {
      const { channels } = await list(apis[1]!, { prefix: channel })
      return channels[0].connectors === 2
    })
  })

  it("keeps what connectors probe with to itself", async () => {
    const { channels } = await list(apis[0]!, { limit: 1_000 })

    assert.isTrue(namesIn({ channels }).every((name) => name.startsWith("chat:")))
  })

  it("tells who is here, and how the shards are spread", async () => {
    const { response } = await apis[2]!.call(adminService, "GetRing", {}, "dev-key")

    const nodes: ReadonlyArray<Payload> = response.nodes
    assert.sameMembers(
      nodes.map(({ name }) => name),
      [...mesh.nodes.keys()]
    )
    assert.strictEqual(
      nodes.reduce((sum, { shards }) => sum + shards, 0),
      1_024
    )
    assert.isTrue(
      nodes.every(({ role, shards }) => (role === "router" ? shards > 200 : shards === 0))
    )
  })

  it("says what a key lacks that may not look everywhere", async () => {
    for (const method of ["ListChannels", "GetRing"]) {
      const { details, failure } = await apis[0]!.call(adminService, method, {}, narrow.key)

      assert.strictEqual(failure, "permission_denied")
      assert.match(details, /give it a verb on the pattern `\*`/)
    }
  })

  it("is what the command line shows", async () => {
    const env = { WEIR_API: mesh.all("router")[1]!.grpc! }

    const channels = await runWeir(["channels", "chat:admin-", "--json"], env)
    const ring = await runWeir(["ring"], env)

    const listed = channels.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line))
    assert.deepStrictEqual(
      listed.map(({ channel }) => channel),
      names
    )
    assert.hasAllKeys(listed[0], ["channel", "position", "owner", "connectors"])
    assert.match(ring.out, /^1024 shards over 3 routers, by view \d+$/m)
    assert.match(ring.out, /^ {2}router-2 +router +\d+ +\d+\.\d %$/m)
    assert.match(ring.out, /^ {2}connector-1 +connector$/m)
    const refused = await runWeir(["ring", "--key", narrow.key], env)
    assert.strictEqual(refused.code, 1)
    assert.match(refused.err, /^weir: .*pattern `\*` \(permission_denied\)\n$/)
  })
})
