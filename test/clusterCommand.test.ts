/**
 * `npm run cluster` as its users and other programs meet it: started as a process,
 * told what to do on its standard input, heard on its standard output.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createServer, type Server } from "node:net"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { developmentToken } from "./harness/WeirProcess.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const main = fileURLToPath(new URL("../deploy/cluster/src/main.ts", import.meta.url))

interface Line {
  readonly node?: string
  readonly role?: string
  readonly pid?: number
  readonly port?: number
  readonly http?: string | null
  readonly grpc?: string | null
  readonly mesh?: string | null
  readonly ops?: string
  readonly ready?: boolean
  readonly ended?: string
  readonly code?: number | null
  readonly signal?: string | null
  readonly refused?: string
  readonly ring?: { readonly version: number; readonly owners: Readonly<Record<string, number>> }
}

interface Cluster {
  readonly child: ChildProcess
  readonly base: number
  readonly lines: ReadonlyArray<Line>
  readonly log: () => string
  readonly say: (command: string) => void
  /** Waits for a line that was not there before `after` lines were. */
  readonly heard: (what: string, is: (line: Line) => boolean, after?: number) => Promise<Line>
  /** Asks until the ring is as it should be. */
  readonly ring: (is: (owners: Readonly<Record<string, number>>) => boolean) => Promise<Line>
  readonly exited: Promise<ReadonlyArray<unknown>>
}

const listensOn = async (port: number): Promise<Server | undefined> => {
  const server = createServer()
  server.listen(port, "127.0.0.1")
  return once(server, "listening").then(
    () => server,
    () => undefined
  )
}

/** Below the range that the system gives out itself, and apart from where other tests look for ports. */
const freeBase = (): Promise<number> =>
  waitUntil("there is a free port", async () => {
    const base = 30_000 + Math.floor(Math.random() * 27) * 100
    const server = await listensOn(base)
    if (server === undefined) return undefined
    server.close()
    await once(server, "close")
    return base
  })

/** Ended with the test run, whatever becomes of the test: what it started goes with it. */
const running = new Set<ChildProcess>()
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL")
})

const startCluster = async (args: ReadonlyArray<string>): Promise<Cluster> => {
  const base = await freeBase()
  const child = spawn(process.execPath, [main, "--json", "--port-base", String(base), ...args], {
    stdio: ["pipe", "pipe", "pipe"]
  })
  running.add(child)
  const exited = once(child, "exit")
  exited.then(() => running.delete(child))
  let log = ""
  child.stderr.on("data", (chunk) => {
    log = (log + chunk).slice(-20_000)
  })
  const lines: Array<Line> = []
  createInterface({ input: child.stdout }).on("line", (text) => lines.push(JSON.parse(text)))
  const say = (command: string) => child.stdin.write(`${command}\n`)
  const heard = (what: string, is: (line: Line) => boolean, after = 0) =>
    waitUntil(
      what,
      () => {
        if (child.exitCode !== null) throw new Error(`it ended before ${what}\n${log}`)
        return lines.slice(after).find(is)
      },
      40_000
    )
  await heard("everything is ready", ({ ready }) => ready === true)
  return {
    child,
    base,
    lines,
    log: () => log,
    say,
    heard,
    exited,
    ring: (is) =>
      waitUntil("the ring is as it should be", async () => {
        const after = lines.length
        say("ring")
        const line = await heard("the ring is told", ({ ring }) => ring !== undefined, after)
        return is(line.ring!.owners) && line
      })
  }
}

const answers = (ops: string | undefined): Promise<boolean> =>
  fetch(`http://${ops}/livez`).then(
    ({ ok }) => ok,
    () => false
  )

/** Whether anything still listens on one of the ports that the lines told. */
const leftOver = async ({ lines }: Cluster): Promise<ReadonlyArray<string>> => {
  const left: Array<string> = []
  for (const { node, ops, port } of lines.filter((line) => line.node !== undefined)) {
    const server = await listensOn(port ?? Number(ops!.split(":")[1]))
    if (server === undefined) left.push(node!)
    else server.close()
  }
  return left
}

const total = (owners: Readonly<Record<string, number>>) =>
  Object.values(owners).reduce((sum, shards) => sum + shards, 0)

const names = (owners: Readonly<Record<string, number>>) => Object.keys(owners)

const finish = async (cluster: Cluster) => {
  if (cluster.child.exitCode === null && cluster.child.signalCode === null) {
    cluster.child.kill("SIGTERM")
    await cluster.exited
  }
}

describe("npm run cluster", () => {
  let cluster: Cluster

  beforeAll(async () => {
    cluster = await startCluster([])
  })
  afterAll(() => finish(cluster))

  it("starts 2 connectors, 3 routers, 2 presence nodes, 1 auth node and a Redis", () => {
    const started = cluster.lines.flatMap(({ node }) => node ?? []).sort()
    assert.deepStrictEqual(
      started,
      "auth-1 connector-1 connector-2 presence-1 presence-2 redis router-1 router-2 router-3".split(
        " "
      )
    )
  })

  it("tells of each where it is, in the shape that programs rely on, before it tells that all are ready", () => {
    const nodes = cluster.lines.filter(({ role }) => role !== undefined && role !== "redis")
    for (const line of nodes) {
      assert.deepStrictEqual(
        Object.keys(line).sort(),
        ["grpc", "http", "mesh", "node", "ops", "pid", "role"],
        line.node
      )
      assert.isAbove(line.pid!, 0)
      assert.match(line.ops!, /^127\.0\.0\.1:\d+$/)
      assert.strictEqual(line.http !== null, line.role === "connector", line.node)
      assert.strictEqual(line.grpc !== null, line.role === "router", line.node)
    }
    const redis = cluster.lines.find(({ node }) => node === "redis")!
    assert.deepStrictEqual(Object.keys(redis).sort(), ["node", "pid", "port", "role"])
    assert.deepStrictEqual(cluster.lines.at(-1), { ready: true })
  })

  it("has Redis at the base, and each node at the next four ports", () => {
    const at = (name: string) => cluster.lines.find(({ node }) => node === name)!
    assert.strictEqual(at("redis").port, cluster.base)
    assert.strictEqual(at("connector-1").http, `127.0.0.1:${cluster.base + 1}`)
    assert.strictEqual(at("connector-2").http, `127.0.0.1:${cluster.base + 5}`)
    assert.strictEqual(at("router-1").grpc, `127.0.0.1:${cluster.base + 10}`)
    assert.strictEqual(at("router-1").mesh, `127.0.0.1:${cluster.base + 11}`)
    assert.strictEqual(at("auth-1").ops, `127.0.0.1:${cluster.base + 32}`)
  })

  it("has the development identity and the page at every connector", async () => {
    for (const { http } of cluster.lines.filter(({ role }) => role === "connector")) {
      assert.notStrictEqual(await developmentToken(http!, "ann"), "")
      const page = await fetch(`http://${http}/`)
      assert.strictEqual(page.status, 200)
      assert.match(await page.text(), /<html/)
    }
  })

  it("tells how many shards each router owns, all of them together", async () => {
    const { ring } = await cluster.ring((owners) => names(owners).length === 3)
    assert.deepStrictEqual(names(ring!.owners), ["router-1", "router-2", "router-3"])
    assert.strictEqual(total(ring!.owners), 1024)
    assert.isAbove(ring!.version, 0)
  })

  it("restarts a node as planned: it ends in its own time, and comes back at its address", async () => {
    const first = cluster.lines.find(({ node }) => node === "connector-2")!
    const after = cluster.lines.length
    cluster.say("restart connector-2")
    const ended = await cluster.heard("it has ended", (line) => line.ended === "connector-2", after)
    assert.deepStrictEqual([ended.code, ended.signal], [0, null])
    const again = await cluster.heard("it is back", ({ node }) => node === "connector-2", after)
    assert.deepStrictEqual({ ...again, pid: 0 }, { ...first, pid: 0 })
  })

  it("lets a killed router stay dead, and the others own its shards", async () => {
    const after = cluster.lines.length
    cluster.say("kill router-2")
    const ended = await cluster.heard("it has ended", (line) => line.ended === "router-2", after)
    assert.strictEqual(ended.signal, "SIGKILL")
    const { ring } = await cluster.ring((owners) => owners["router-2"] === undefined)
    assert.strictEqual(total(ring!.owners), 1024)
    assert.isUndefined(cluster.lines.slice(after).find(({ node }) => node === "router-2"))
  })

  it("starts it again at its address, with a new line", async () => {
    const first = cluster.lines.find(({ node }) => node === "router-2")!
    const after = cluster.lines.length
    cluster.say("restart router-2")
    const again = await cluster.heard("it is back", ({ node }) => node === "router-2", after)
    assert.deepStrictEqual({ ...again, pid: 0 }, { ...first, pid: 0 })
    assert.notStrictEqual(again.pid, first.pid)
    await cluster.ring((owners) => (owners["router-2"] ?? 0) > 0)
  })

  it("takes in a router that was not there before", async () => {
    const after = cluster.lines.length
    cluster.say("start router-4")
    const added = await cluster.heard("it is there", ({ node }) => node === "router-4", after)
    assert.strictEqual(added.role, "router")
    const { ring } = await cluster.ring((owners) => (owners["router-4"] ?? 0) > 0)
    assert.strictEqual(total(ring!.owners), 1024)
  })

  it("stops one that hangs all the same, and another is not kept waiting", async () => {
    const after = cluster.lines.length
    cluster.say("pause presence-2")
    cluster.say("stop presence-2")
    cluster.say("kill presence-1")
    const is = (name: string) => (line: Line) => line.ended === name
    await cluster.heard("presence-1 has ended", is("presence-1"), after)
    const hung = await cluster.heard("presence-2 has ended", is("presence-2"), after)
    assert.strictEqual(hung.signal, "SIGKILL")
  })

  it.each([
    ["dance router-1", /commands are ring, and kill, stop/],
    ["kill", /commands are/],
    ["kill router-9", /there is no router-9, but redis, connector-1/],
    ["start router-1", /router-1 runs already/],
    ["stop presence-1", /presence-1 does not run/],
    ["start cook-1", /no name for a node.*router-4/]
  ])("refuses `%s`, says why, and goes on", async (command, why) => {
    const after = cluster.lines.length
    cluster.say(command)
    const line = await cluster.heard("it refuses", ({ refused }) => refused !== undefined, after)
    assert.match(line.refused!, why)
  })

  it("does not end with its standard input, but on SIGTERM: with 0, and nothing left", async () => {
    cluster.child.stdin!.end()
    const { ops } = cluster.lines.find(({ node }) => node === "auth-1")!
    assert.isTrue(await answers(ops))
    cluster.child.kill("SIGTERM")
    assert.deepStrictEqual(await cluster.exited, [0, null], cluster.log())
    assert.deepStrictEqual(await leftOver(cluster), [])
  })
})

describe("npm run cluster -- --supervise", () => {
  const small = ["--connectors", "1", "--routers", "1", "--presence", "1"]
  let cluster: Cluster

  beforeAll(async () => {
    cluster = await startCluster([...small, "--supervise"])
  })
  afterAll(() => finish(cluster))

  it.each(["presence-1", "redis"])("starts %s again when it dies", async (name) => {
    const first = cluster.lines.find(({ node }) => node === name)!
    const after = cluster.lines.length
    process.kill(first.pid!, "SIGKILL")
    const again = await cluster.heard("it is back", ({ node }) => node === name, after)
    assert.deepStrictEqual({ ...again, pid: 0 }, { ...first, pid: 0 })
  })

  it("leaves alone what was stopped on purpose", async () => {
    const after = cluster.lines.length
    cluster.say("stop presence-1")
    await cluster.heard("it has ended", (line) => line.ended === "presence-1", after)
    cluster.say("stop presence-1")
    const line = await cluster.heard("it refuses", ({ refused }) => refused !== undefined, after)
    assert.match(line.refused!, /does not run/)
  })

  it("leaves nothing behind when it is killed itself, not even what hangs", async () => {
    cluster.say("pause auth-1")
    const { pid } = cluster.lines.find(({ node }) => node === "connector-1")!
    // The pause is asked for in one turn; once the next command has been done, it has been sent.
    cluster.say("kill connector-1")
    await waitUntil("connector-1 is back", () =>
      cluster.lines.find((line) => line.node === "connector-1" && line.pid !== pid)
    )
    cluster.child.kill("SIGKILL")
    await cluster.exited
    await waitUntil("nothing is left", async () => (await leftOver(cluster)).length === 0)
  })
})

describe("npm run cluster, asked for what cannot be", () => {
  const refusal = async (args: ReadonlyArray<string>, path?: string) => {
    const env = path === undefined ? process.env : { ...process.env, PATH: path }
    const child = spawn(process.execPath, [main, ...args], {
      env,
      stdio: ["ignore", "pipe", "pipe"]
    })
    running.add(child)
    let output = ""
    let log = ""
    child.stdout.on("data", (chunk) => {
      output += chunk
    })
    child.stderr.on("data", (chunk) => {
      log += chunk
    })
    const [code] = await once(child, "close")
    running.delete(child)
    return { code, output, log }
  }

  it("teaches with --help", async () => {
    const { code, output } = await refusal(["--help"])
    assert.strictEqual(code, 0)
    for (const word of ["--routers N", "--port-base N", "--supervise", "kill NAME", "ring"]) {
      assert.include(output, word)
    }
  })

  it("tells every bad option at once, and ends with 2", async () => {
    const args = ["--routers", "0", "--port-base", "99999", "--presence", "two"]
    const { code, log } = await refusal(args)
    assert.strictEqual(code, 2)
    for (const flag of ["--routers: ", "--port-base: ", "--presence: "]) assert.include(log, flag)
    assert.include((await refusal(["--bogus"])).log, "--bogus")
  })

  it("says which ports are taken, and ends with 1", async () => {
    const base = await freeBase()
    const server = await listensOn(base + 1)
    const { code, log } = await refusal(["--json", "--port-base", String(base)])
    server?.close()
    assert.strictEqual(code, 1)
    assert.match(log, new RegExp(`ports? .*\\b${base + 1}\\b.*--port-base`))
  })

  it("says how to install Redis where there is none", async () => {
    const base = await freeBase()
    const { code, log } = await refusal(["--port-base", String(base)], "/nowhere")
    assert.strictEqual(code, 1)
    assert.match(log, /redis-server is not on the PATH.*apt-get install redis-server.*--redis/)
  })

  it("tells the mistakes of a configuration once, not once for each node", async () => {
    const { code, log } = await refusal(["--config", "/nowhere/weir.json"])
    assert.strictEqual(code, 2)
    assert.strictEqual(log.split("cannot be read").length, 2)
  })
})
