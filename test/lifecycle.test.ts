import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { countObjects, inspectFlags, inspectHeap } from "./harness/Heap.ts"
import { join, RoomClient } from "./harness/RoomClient.ts"
import { developmentToken, metric, start, type WeirProcess } from "./harness/WeirProcess.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const range = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

describe("a process of Weir", () => {
  it.each(["SIGTERM"] as const)(
    "ends on %s with code 0 within 5 s, and tells its clients why",
    async (signal) => {
      const weir = await start({ program: "standalone" })
      const token = await developmentToken(weir.http!, "ann")
      const clients = await Promise.all(
        range(20).map(async (n) => {
          const subscribe = { channel: `chat:room-${n % 3}`, member: { data: n }, presence: true }
          return (await join(weir.http!, token, subscribe)).client
        })
      )
      const silent = new RoomClient(weir.http!)
      await waitUntil(
        "the silent one is there",
        async () =>
          (await metric(weir.ops, 'weir_connector_connections{transport="websocket"}')) === 21
      )

      const limit = setTimeout(() => weir.child.kill("SIGKILL"), 30_000)
      const code = await weir.stop(signal)
      clearTimeout(limit)

      assert.strictEqual(code, 0, weir.log())
      for (const client of [...clients, silent]) {
        const closed = await waitUntil("the client is told", () => client.closed)
        assert.deepStrictEqual(closed, { code: 3001, reason: "shutdown;after=100-3000" })
      }
    }
  )

  it("exits with 1 and one line when a port is taken", async () => {
    const first = await start({ program: "standalone" })
    const startBeside = async (door: "http" | "grpc" | "ops") => {
      const port = first[door]!.slice(first[door]!.indexOf(":") + 1)
      const env = { [`WEIR_${door.toUpperCase()}_PORT`]: port }
      const failed = await start({ program: "standalone", env }).catch(
        (error: Error) => error.message
      )
      assert.match(String(failed), /ended with code 1/)
      assert.match(String(failed), /weir: cannot start: .*EADDRINUSE/, door)
    }
    await Promise.all([startBeside("http"), startBeside("grpc"), startBeside("ops")])
    await first.stop()
  })

  it("is killed by nothing that is left running: every service ends alone, too", async () => {
    const startAlone = async (program: "auth" | "presence" | "router" | "connector") => {
      // A view without others, so that none is waited for.
      const nodes = [{ name: "router-1", role: "router", mesh: "127.0.0.1:1" }]
      const service = await start({ program, config: { nodes } })
      const ready = await fetch(`http://${service.ops}/readyz`)
      // A connector that cannot deliver is not ready, and says so.
      assert.strictEqual(ready.status, program === "connector" ? 503 : 200, program)
      assert.strictEqual(await service.stop(), 0, service.log())
    }
    await Promise.all((["auth", "presence", "router", "connector"] as const).map(startAlone))
  })

  // As Ctrl-C does; the other signal is above.
  it.each(["SIGINT"] as const)(
    "welcomes whoever runs `npm start`, and ends with it on %s, with code 0",
    async (signal) => {
      const cwd = fileURLToPath(new URL("..", import.meta.url))
      const env = { ...process.env, WEIR_HTTP_PORT: "0", WEIR_GRPC_PORT: "0", WEIR_OPS_PORT: "0" }
      const npm = spawn("npm", ["start"], { cwd, env, stdio: ["ignore", "pipe", "inherit"] })
      let output = ""
      npm.stdout.on("data", (chunk) => {
        output += chunk
      })
      await waitUntil("it welcomes", () => output.includes("Ctrl-C ends it."), 50_000)
      assert.match(output, /Open this in two tabs +http:\/\/127\.0\.0\.1:\d+\//)
      assert.match(output, /dev-key/)
      const [, ops] = /http:\/\/([\d.:]+)\/metrics/.exec(output)!

      const exited = once(npm, "exit")
      npm.kill(signal)
      assert.deepStrictEqual(await exited, [0, null])
      // npm alone would be gone too: nobody is left who answers.
      const answer = await fetch(`http://${ops}/livez`).catch(() => "nobody")
      assert.strictEqual(answer, "nobody")
    }
  )
})

describe("clients that come and vanish", () => {
  let weir: WeirProcess
  let token: string

  beforeAll(async () => {
    weir = await start({
      program: "standalone",
      config: { limits: { exempt: ["127.0.0.0/8"] } },
      nodeFlags: inspectFlags
    })
    token = await developmentToken(weir.http!, "ann")
  })

  afterAll(async () => {
    await weir.stop()
  })

  const gauges = [
    'weir_connector_connections{transport="websocket"}',
    "weir_connector_subscriptions",
    "weir_connector_channels",
    "weir_connector_members",
    "weir_connector_commands_pending",
    "weir_connector_outbox_depth",
    "weir_connector_subscriptions_behind",
    "weir_router_append_queue_depth",
    "weir_router_lane_queue_depth",
    "weir_presence_members",
    "weir_presence_channels",
    "weir_presence_watched_channels",
    "weir_presence_pending_changes"
  ]

  /** Connects, subscribes with everything there is, and is gone without a word. */
  const cycle = async (n: number) => {
    const { client } = await join(weir.http!, token, {
      channel: `chat:room-${n % 50}`,
      member: { data: n },
      presence: true
    })
    client.close()
    await waitUntil("it is gone", () => client.closed)
  }

  const cycles = async (count: number) => {
    let next = 0
    const worker = async () => {
      while (next < count) await cycle(next++)
    }
    await Promise.all(range(32).map(worker))
  }

  const settled = () =>
    waitUntil("nothing is left", async () => {
      const values = await Promise.all(gauges.map((gauge) => metric(weir.ops, gauge)))
      // The connector's own probe is a channel that a router is asked for.
      const interests = await metric(weir.ops, "weir_router_interests")
      return interests === 1 && values.every((value) => value === 0)
    })

  it("leave nothing behind: no connection, interest, member or handle, and no memory", async () => {
    await cycles(300)
    await settled()
    const before = await inspectHeap(weir)
    const countBefore = await countObjects(weir)
    await cycles(1_000)
    await settled()
    const after = await inspectHeap(weir)
    const countAfter = await countObjects(weir)

    for (const className of ["FiberImpl", "Connection", "ChannelFeed", "Socket", "WebSocket"]) {
      const grown = countAfter(className) - countBefore(className)
      assert.isAtMost(grown, 2, `${className}: ${countBefore(className)} before`)
    }
    assert.isAtMost(after.handles, before.handles + 2)
    // 1,000 cycles that each left 1 KiB would be 1 MiB.
    assert.isBelow(after.usedBytes - before.usedBytes, 768 * 1024)
  }, 300_000)
})
