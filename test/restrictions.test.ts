/**
 * What is taken from somebody is gone on every connector: revoked, banned, muted and kicked, by
 * processes over a real Redis, as an administrator does it.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { GrpcReflectionClient } from "./harness/GrpcReflectionClient.ts"
import { openJson } from "./harness/JsonClient.ts"
import { type Mesh, startMesh } from "./harness/Mesh.ts"
import { type RedisServer, startRedis } from "./harness/RedisServer.ts"
import { auth, nowSeconds, signToken } from "./harness/Tokens.ts"
import { runWeir, whereIs } from "./harness/WeirCommand.ts"
import type { WireClient } from "./harness/WireClient.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const channel = "chat:restricted"
const all = ["subscribe", "publish", "history", "presence", "signal"]

describe("restrictions", () => {
  let redis: RedisServer
  let mesh: Mesh
  let connectors: ReadonlyArray<string>
  let env: Readonly<Record<string, string>>
  let api: GrpcReflectionClient
  const open: Array<WireClient> = []

  beforeAll(async () => {
    redis = await startRedis()
    mesh = await startMesh(
      { auth: 1, presence: 1, router: 1, connector: 3 },
      { auth, limits: { exempt: ["127.0.0.0/8"] } },
      { WEIR_REDIS_URL: redis.url }
    )
    connectors = mesh.all("connector").map(({ http }) => http!)
    const router = mesh.all("router")[0]!
    env = whereIs(router)
    api = await GrpcReflectionClient.connect(router.grpc!)
  })
  afterAll(async () => {
    for (const it of open) it.close()
    api?.close()
    await mesh?.stop()
    await redis?.kill("SIGKILL")
  })

  /** As an administrator does it in a shell. */
  const weir = async (...args: ReadonlyArray<string>) => {
    const { code, err, out } = await runWeir(args, env)
    assert.strictEqual(code, 0, err)
    return out.trimEnd()
  }

  /** As a service does it. */
  const admin = async (method: "Restrict" | "Lift", kind: string, target: object) => {
    const request = { kind, target }
    const answer = await api.call("weir.api.v1.AdminService", method, request, "dev-key")
    assert.strictEqual(answer.code, 0, answer.details)
    return answer.response
  }

  /** `later`: seconds after now, by which an issuer's clock may be ahead. */
  const tokenOf = (user: string, later = 0, claims: object = {}) =>
    signToken({
      claims: {
        ...{ sub: user, capabilities: { "chat:*": all }, jti: `${user}-${later}` },
        ...{ iat: nowSeconds() + later, exp: nowSeconds() + 600, ...claims }
      }
    })

  interface Here {
    readonly client: WireClient
    readonly ticket: string
  }

  const connect = async (http: string, credential: object): Promise<Here> => {
    const client = await openJson(http)
    open.push(client)
    client.send("connect", { versions: ["1"], ...credential })
    const { payload } = await client.take("connected")
    return { client, ticket: payload.ticket }
  }

  /** A user on every connector, listening. */
  const everywhere = async (user: string): Promise<ReadonlyArray<Here>> => {
    const token = await tokenOf(user)
    return Promise.all(
      connectors.map(async (http) => {
        const here = await connect(http, { token })
        assert.strictEqual((await here.client.subscribe(channel)).type, "subscribed")
        return here
      })
    )
  }

  const codes = (those: ReadonlyArray<Here>) =>
    Promise.all(those.map(async ({ client }) => (await client.closed()).code))

  const refusedWith = async (http: string, credential: object): Promise<number> => {
    const client = await openJson(http)
    open.push(client)
    client.send("connect", { versions: ["1"], ...credential })
    return (await client.closed()).code
  }

  it("revoke a user: every connection ends, tokens and tickets of before are refused", async () => {
    const ann = await everywhere("ann")
    const [bob] = await everywhere("bob")

    const said = await weir("revoke", "user", "ann")

    assert.match(said, /^revoked: tokens of user ann issued up to \d{4}-\d\d-\d\dT/)
    assert.deepStrictEqual(await codes(ann), [3505, 3505, 3505])
    const before = { token: await tokenOf("ann", -5) }
    for (const http of connectors) {
      assert.strictEqual(await refusedWith(http, before), 3505)
      assert.strictEqual(await refusedWith(http, { ticket: ann[0]!.ticket }), 3505)
      assert.strictEqual(await refusedWith(http, { ticket: ann[1]!.ticket, ...before }), 3505)
    }
    await connect(connectors[0]!, { token: await tokenOf("ann", 2) })
    await bob!.client.settle()
  })

  it("revoke one token, and one session, and no other of the same user", async () => {
    const one = await connect(connectors[0]!, { token: await tokenOf("cleo", 0, { jti: "lost" }) })
    const two = await connect(connectors[1]!, { token: await tokenOf("cleo", 0, { jti: "kept" }) })
    await admin("Restrict", "revoke", { token_id: "lost" })
    assert.deepStrictEqual(await codes([one]), [3505])
    await two.client.settle()

    const three = await connect(connectors[2]!, { token: await tokenOf("cleo") })
    await three.client.subscribe(channel, { member: {} })
    const roster = await two.client.request("presence", { channel })
    const [{ id }] = roster.payload.members.filter(({ user }: { user: string }) => user === "cleo")
    await admin("Restrict", "revoke", { session: id })
    assert.deepStrictEqual(await codes([three]), [3505])
    assert.strictEqual(await refusedWith(connectors[0]!, { ticket: three.ticket }), 3505)
    await two.client.settle()
  })

  it("ban a user until the ban ends", async () => {
    const dan = await everywhere("dan")
    await weir("ban", "user", "dan", "--for", "1h", "--reason", "spam")
    assert.deepStrictEqual(await codes(dan), [3506, 3506, 3506])
    const later = { token: await tokenOf("dan", 5) }
    assert.strictEqual(await refusedWith(connectors[1]!, later), 3506)
    assert.match(await weir("restrictions", "ban"), /^ban +user dan +\d{4}-.*Z +spam$/m)

    assert.strictEqual(await weir("unban", "user", "dan"), "banned no longer: user dan")
    await connect(connectors[1]!, later)
  })

  it("ban an address at the door, for all who come from there", async () => {
    const eve = await everywhere("eve")
    await admin("Restrict", "ban", { address: "127.0.0.1" })
    assert.deepStrictEqual(await codes(eve), [3506, 3506, 3506])
    for (const http of connectors) {
      const answer = await fetch(`http://${http}/v1/sessions`, { method: "POST", body: "{}" })
      assert.strictEqual(answer.status, 403)
      assert.strictEqual(((await answer.json()) as { code: string }).code, "permission_denied")
      assert.match(await openJson(http).then(() => "", String), /handshake was refused/)
    }
    assert.isTrue((await admin("Lift", "ban", { address: "127.0.0.1" })).lifted)
    await connect(connectors[0]!, { token: await tokenOf("eve") })
  })

  it("mute a user, who hears everything and says nothing", async () => {
    const [finn, ...others] = await everywhere("finn")
    const [gus] = await everywhere("gus")
    await weir("mute", "user", "finn", "--for", "10m")

    const refused = await finn!.client.publish(channel, "psst")
    assert.deepInclude(refused.payload, { code: "permission_denied" })
    assert.match(refused.payload.message, /^muted until /)
    const signal = await others[0]!.client.request("signal", { channel, data: { typing: true } })
    assert.strictEqual(signal.payload.code, "permission_denied")
    await gus!.client.publish(channel, "hello")
    for (const { client } of [finn!, ...others]) {
      assert.strictEqual((await client.take("publication")).payload.data, "hello")
    }

    assert.isTrue((await admin("Lift", "mute", { user: "finn" })).lifted)
    assert.strictEqual((await finn!.client.publish(channel, "hi")).type, "published")
  })

  it("kick a user out, who may come again", async () => {
    const hal = await everywhere("hal")
    assert.strictEqual(await weir("kick", "user", "hal"), "kicked: user hal")
    assert.deepStrictEqual(await codes(hal), [3503, 3503, 3503])
    const back = await connect(connectors[0]!, { ticket: hal[0]!.ticket })
    // What holds is told again and again; a kick is done once.
    await admin("Restrict", "ban", { user: "nobody" })
    await back.client.settle()
  })

  it("are kept when auth starts anew, and told to connectors that had lost it", async () => {
    await admin("Restrict", "ban", { user: "ivy" })
    const joe = await everywhere("joe")
    await mesh.restart("auth-1", "SIGKILL")

    await admin("Restrict", "revoke", { user: "joe" })

    assert.deepStrictEqual(await codes(joe), [3505, 3505, 3505])
    for (const http of connectors) {
      assert.strictEqual(await refusedWith(http, { token: await tokenOf("ivy") }), 3506)
    }
  })

  it("are written down, each with who, whom and what came of it, in lines that prove each other", async () => {
    const out = await weir("audit")
    const lines = out.split("\n")
    const events = lines.map((line) => JSON.parse(line))
    const said = events
      .filter(({ actor }) => actor === "dev-key")
      .map(({ action, target, result }) => `${action} ${target}: ${result}`)
    for (const it of [
      "revoke user ann: ok",
      "ban user dan: ok",
      "lift.ban user dan: ok",
      "mute user finn: ok",
      "kick user hal: ok"
    ]) {
      assert.include(said, it)
    }
    assert.isTrue(events.some((it) => it.action === "connect" && it.result === "revoked"))
    assert.isTrue(events.some((it) => it.action === "close" && it.target === "user dan"))

    const verified = await runWeir(["audit", "verify"], env, `${out}\n`)
    assert.match(verified.out, new RegExp(`^whole: lines 1 to ${lines.length}, `))
    const forged = out.replace("user finn", "user jack")
    const broken = await runWeir(["audit", "verify"], env, `${forged}\n`)
    assert.deepStrictEqual([broken.code, broken.out], [1, ""])
    assert.match(broken.err, /is not as it was written/)
  })

  it("reach a connector that was away, as soon as it is back", async () => {
    const kim = await everywhere("kim")
    const away = mesh.all("connector")[2]!.child
    away.kill("SIGSTOP")
    await admin("Restrict", "revoke", { user: "kim" })
    assert.deepStrictEqual(await codes(kim.slice(0, 2)), [3505, 3505])
    assert.isTrue(kim[2]!.client.isOpen)

    away.kill("SIGCONT")

    assert.deepStrictEqual(await codes(kim.slice(2)), [3505])
    assert.strictEqual(await refusedWith(connectors[2]!, { ticket: kim[0]!.ticket }), 3505)
  })

  it("cannot be missed: where auth was not heard for long nobody is let in before it is", async () => {
    const [lea] = await everywhere("lea")
    const silent = mesh.all("auth")[0]!.child
    const comeBack = async () => {
      const client = await openJson(connectors[0]!)
      open.push(client)
      client.send("connect", { versions: ["1"], ticket: lea!.ticket })
      const { payload, type } = await client.takeWhere("an answer", ({ id }) => id !== undefined)
      client.close()
      return type === "error" ? payload.code : type
    }
    silent.kill("SIGSTOP")
    assert.strictEqual(await comeBack(), "connected")

    await waitUntil(
      "what was known is too old",
      async () => (await comeBack()) === "unavailable",
      60_000
    )

    silent.kill("SIGCONT")
    await waitUntil("auth is heard again", async () => (await comeBack()) === "connected", 60_000)
    await lea!.client.settle()
  })
})
