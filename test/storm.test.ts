/**
 * A storm: a connector is killed under everybody, and everybody comes back to another one.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { WeirClient } from "@weir/client/WeirClient"
import { handshake } from "./harness/handshake.ts"
import { type Mesh, startMesh } from "./harness/Mesh.ts"
import { PublishClient } from "./harness/PublishClient.ts"
import { type RedisServer, startRedis } from "./harness/RedisServer.ts"
import { startProxy, type TcpProxy } from "./harness/TcpProxy.ts"
import { developmentToken, metric, start, type WeirProcess } from "./harness/WeirProcess.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

const sum = (numbers: ReadonlyArray<number>) => numbers.reduce((total, it) => total + it, 0)

const crowd = 500
const channels = range(0, 9).map((n) => `chat:storm-${n}`)
/** Between two publications in each of the channels. */
const roundMs = 50
const calmRounds = 30
const atOnce = 50

/** A client of the crowd, and what it has seen. */
class Member {
  readonly channel: string
  readonly heard: Array<unknown> = []
  /** What `subscribed` said, the first time and at each return. */
  readonly recovered: Array<boolean> = []
  readonly client: WeirClient

  constructor(http: string, channel: string, token: () => Promise<string>) {
    this.channel = channel
    this.client = new WeirClient({ url: `ws://${http}/v1/ws`, token, transports: ["websocket"] })
    this.client.subscribe(channel, {
      onPublication: ({ data }) => this.heard.push(data),
      onSubscribed: ({ recovered }) => this.recovered.push(recovered)
    })
  }

  get isBack(): boolean {
    return this.recovered.length === 2
  }
}

describe("five hundred clients whose connector is killed", () => {
  let redis: RedisServer
  let mesh: Mesh
  let balancer: TcpProxy
  let publisher: PublishClient
  let members: ReadonlyArray<Member> = []
  let tokensAsked = 0
  let published = 0

  const node = (name: string) => mesh.nodes.get(name)!

  beforeAll(async () => {
    redis = await startRedis()
    mesh = await startMesh(
      { router: 1, auth: 1, connector: 2 },
      {
        namespaces: { chat: { logged: true } },
        limits: { exempt: ["127.0.0.0/8"] }
      },
      { WEIR_REDIS_URL: redis.url }
    )
    balancer = await startProxy(node("connector-1").http!)
    publisher = new PublishClient(node("router-1").grpc!)
  })
  afterAll(async () => {
    await Promise.all(members.map(({ client }) => client.close()))
    publisher?.close()
    await balancer?.close()
    await mesh?.stop()
    await redis?.stop()
  })

  const openCrowd = async () => {
    const token = await developmentToken(node("connector-1").http!, "ann")
    const ask = async () => {
      tokensAsked++
      return token
    }
    members = range(0, crowd - 1).map(
      (n) => new Member(balancer.address, channels[n % channels.length]!, ask)
    )
    for (let from = 0; from < crowd; from += atOnce) {
      const some = members.slice(from, from + atOnce)
      for (const { client } of some) client.connect()
      await Promise.all(some.map(({ client }) => client.ready()))
    }
  }

  /** Publishes numbers in one channel after the other; what it returns ends it, and says how many in each. */
  const publishing = () => {
    let isOver = false
    const rounds = (async () => {
      for (let round = 0; ; round++) {
        const data = Buffer.from(String(round))
        // One by one, so that each costs Redis the same, however busy the machine is.
        for (const channel of channels) await publisher.publish({ channel, data })
        published += channels.length
        if (isOver) return round + 1
        await sleep(roundMs)
      }
    })()
    return () => {
      isOver = true
      return rounds
    }
  }

  /** Every call that Redis has answered, whether a client or a script made it. */
  const redisCalls = async () => {
    const stats = await redis.cli("info", "commandstats")
    return sum([...stats.matchAll(/calls=(\d+)/g)].map(([, calls]) => Number(calls)))
  }

  /** Calls of Redis for each publication meanwhile. */
  const redisCost = async (meanwhile: () => Promise<unknown>) => {
    const before = { calls: await redisCalls(), published }
    await meanwhile()
    return ((await redisCalls()) - before.calls) / (published - before.published)
  }

  const authChecks = async () => {
    const { ops } = node("auth-1")
    const results = ["ok", "expired", "invalid"]
    const series = results.map((it) => `weir_auth_checks_total{result="${it}"}`)
    return sum(await Promise.all(series.map((it) => metric(ops, it))))
  }

  it("are all back within 30 s with all they missed, and Redis and auth hardly notice", async () => {
    await openCrowd()
    const end = publishing()
    const calm = await redisCost(() =>
      waitUntil("it was calm for long enough", () => published > calmRounds * channels.length)
    )
    const checked = await authChecks()
    const asked = tokensAsked
    const everybodyIsBack = () =>
      waitUntil("everybody is back", () => members.every(({ isBack }) => isBack), 30_000)

    const stormy = await redisCost(async () => {
      balancer.moveTo(node("connector-2").http!)
      await node("connector-1").stop("SIGKILL")
      await everybodyIsBack()
    })

    const rounds = await end()
    const all = range(0, rounds - 1)
    await waitUntil("everybody has the last", () =>
      members.every(({ heard }) => heard.at(-1) === rounds - 1)
    )
    for (const { heard, recovered } of members) {
      assert.deepStrictEqual(recovered, [false, true])
      // Who was there before the first was published has all of them.
      assert.deepStrictEqual(heard, all)
    }
    assert.deepStrictEqual([await authChecks(), tokensAsked], [checked, asked])
    assert.isBelow(stormy, 2 * calm, "calls of Redis for each publication, and twice those before")
    const { ops } = node("connector-2")
    assert.isAbove(await metric(ops, "weir_connector_reads_shared_total"), 0)
    await waitUntil(
      "it says how late it was",
      async () => (await metric(ops, "weir_connector_loop_lag_p99_seconds")) > 0
    )
    // A bound for what is stuck: processes start, a crowd connects, and comes back.
  }, 120_000)
})

describe("a node that has no room", () => {
  const servers: Array<WeirProcess> = []
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()))
  })

  const serve = async (limits: object) => {
    const server = await start({
      program: "standalone",
      // What is bounded for all together has no exceptions.
      config: { limits: { exempt: ["127.0.0.0/8"], ...limits } }
    })
    servers.push(server)
    return server
  }

  it("for more handshakes tells whoever comes, by any door, when to come again", async () => {
    const { http, ops } = await serve({ handshakesPerNode: { perSecond: 1, burst: 2 } })
    const openSession = async () => {
      const url = `http://${http}/v1/sessions`
      const response = await fetch(url, { method: "POST", body: "{}" })
      const body = (await response.json()) as { readonly code: string }
      return { status: response.status, retryAfter: response.headers.get("retry-after"), body }
    }
    await Promise.all([handshake(http!), handshake(http!)])

    for (const door of [() => handshake(http!), openSession]) {
      const refused = await waitUntil("it is refused", async () => {
        const answer = await door()
        return answer.status === 503 && answer
      })
      assert.strictEqual(refused.body.code, "unavailable")
      assert.include(range(1, 20).map(String), refused.retryAfter)
    }
    // On a machine that is busy with other tests the node may be late as well.
    const counts = await Promise.all(
      ["node_rate", "lag"].map((reason) =>
        metric(ops, `weir_connector_handshakes_refused_total{reason="${reason}"}`)
      )
    )
    assert.isAtLeast(sum(counts), 2)
  })

  it("in memory lets nobody in, and says that it is short of it", async () => {
    const { http, ops } = await serve({ memoryBytes: 1_000_000 })

    const { body, retryAfter } = await waitUntil("it refuses", async () => {
      const answer = await handshake(http!)
      return answer.status === 503 && answer
    })

    assert.deepInclude(body, { code: "unavailable", message: "this node is short of memory" })
    assert.include(range(1, 20).map(String), retryAfter)
    assert.isAbove(await metric(ops, "weir_connector_memory_share"), 1)
  })
})
