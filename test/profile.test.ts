/**
 * Profiles as operators take them: by a flag, a variable or a signal, from processes
 * that go on serving, and end as they should.
 */
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { afterEach, assert, beforeEach, describe, it } from "@effect/vitest"
import { start } from "./harness/WeirProcess.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const standalone = fileOf("../deploy/standalone/src/main.ts")
const cluster = fileOf("../deploy/cluster/src/main.ts")

const freePorts = {
  WEIR_HTTP_PORT: "0",
  WEIR_GRPC_PORT: "0",
  WEIR_MESH_PORT: "0",
  WEIR_OPS_PORT: "0"
}

interface CpuProfile {
  readonly nodes: ReadonlyArray<{ readonly callFrame: { readonly url: string } }>
  readonly samples: ReadonlyArray<number>
}

interface HeapNode {
  readonly callFrame: { readonly url: string }
  readonly selfSize: number
  readonly children: ReadonlyArray<HeapNode>
}

interface HeapProfile {
  readonly head: HeapNode
  readonly samples: ReadonlyArray<unknown>
}

const heldBytes = ({ children, selfSize }: HeapNode): number =>
  children.reduce((sum, child) => sum + heldBytes(child), selfSize)

describe("a profile", () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "weir-profile-"))
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  const profiles = () => readdirSync(directory).sort()
  /** Undefined while the file is being written. */
  const read = <A>(name: string): A | undefined => {
    try {
      return JSON.parse(readFileSync(join(directory, name), "utf8"))
    } catch {
      return undefined
    }
  }
  const written = <A>(count: number): Promise<A> =>
    waitUntil(`there are ${count} profiles`, () => {
      const names = profiles()
      return names.length === count && read<A>(names.at(-1)!)
    })

  /** Runs a command until it is ready, and then asks it to end. */
  const runOnce = async (main: string, args: ReadonlyArray<string>) => {
    const child = spawn(process.execPath, [main, "--json", ...args], {
      cwd: directory,
      env: { ...process.env, ...freePorts },
      stdio: ["pipe", "pipe", "pipe"]
    })
    let log = ""
    child.stderr.on("data", (chunk) => {
      log += chunk
    })
    const exited = once(child, "exit")
    for await (const line of createInterface({ input: child.stdout })) {
      if (line === '{"ready":true}') child.kill("SIGTERM")
    }
    assert.deepStrictEqual(await exited, [0, null], log)
  }

  it("of where time goes is written where the process was started, when it ends", async () => {
    await runOnce(standalone, ["--profile", "cpu"])

    const [name, ...others] = profiles()
    assert.match(name!, /^standalone-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z\.cpuprofile$/)
    assert.deepStrictEqual(others, [])
    const { nodes, samples } = read<CpuProfile>(name!)!
    assert.isNotEmpty(samples)
    // The code that starts the services was seen at work.
    assert.isTrue(nodes.some(({ callFrame }) => callFrame.url.includes("/services/")))
  })

  it("comes from every node of a cluster", async () => {
    // Below the range that the system gives out itself, and apart from where other tests look.
    const base = 14_000 + Math.floor(Math.random() * 30) * 100
    const size = ["--connectors", "1", "--routers", "1", "--presence", "1"]

    await runOnce(cluster, ["--profile", "cpu", "--port-base", String(base), ...size])

    const nodes = profiles().map((name) => name.replace(/-\d{4}-.*Z/, ""))
    const expected = ["auth-1", "connector-1", "presence-1", "router-1"]
    assert.deepStrictEqual(
      nodes,
      expected.map((node) => `${node}.cpuprofile`)
    )
    for (const name of profiles()) assert.isNotEmpty(read<CpuProfile>(name)!.samples)
  })

  it.each(["allocations"])("of %s is asked for by a variable, too", async (kind) => {
    const weir = await start({
      program: "standalone",
      env: { WEIR_PROFILE: kind, WEIR_PROFILE_DIRECTORY: directory, WEIR_NODE: "here" }
    })
    assert.deepStrictEqual(profiles(), [])

    assert.strictEqual(await weir.stop(), 0)

    const [name] = profiles()
    assert.match(name!, /^here-.*\.heapprofile$/)
    const { head, samples } = read<HeapProfile>(name!)!
    assert.isNotEmpty(samples)
    assert.isAbove(heldBytes(head), 1_000_000)
  })

  it("is begun by one SIGUSR2 and written at the next, while the process goes on", async () => {
    const weir = await start({
      program: "standalone",
      env: { WEIR_PROFILE_DIRECTORY: directory }
    })
    const serves = async () => (await fetch(`http://${weir.ops}/readyz`)).ok

    weir.child.kill("SIGUSR2")
    assert.isTrue(await serves())
    weir.child.kill("SIGUSR2")
    assert.isNotEmpty((await written<CpuProfile>(1)).samples)
    assert.isTrue(await serves())

    weir.child.kill("SIGUSR2")
    assert.isTrue(await serves())
    assert.deepStrictEqual(profiles().length, 1)
    assert.strictEqual(await weir.stop(), 0)
    assert.isNotEmpty((await written<CpuProfile>(2)).samples)
  })

  it("is not begun by SIGUSR2 where something that was loaded before listens to it", async () => {
    const listener = "process.on('SIGUSR2', () => console.error('heard by another'))"
    const weir = await start({
      program: "standalone",
      env: { WEIR_PROFILE_DIRECTORY: directory },
      nodeFlags: ["--import", `data:text/javascript,${encodeURIComponent(listener)}`]
    })

    weir.child.kill("SIGUSR2")
    await waitUntil("it is heard", () => weir.log().includes("heard by another"))

    assert.strictEqual(await weir.stop(), 0)
    assert.deepStrictEqual(profiles(), [])
  })

  it("that cannot be written is told in the log, and the process ends as it should", async () => {
    const weir = await start({
      program: "standalone",
      env: { WEIR_PROFILE: "cpu", WEIR_PROFILE_DIRECTORY: join(directory, "missing") }
    })

    assert.strictEqual(await weir.stop(), 0)

    assert.match(weir.log(), /profile not written.*ENOENT/)
  })

  it.each([
    [
      "a kind that there is not",
      standalone,
      ["--profile", "disk"],
      {},
      "--profile: must be one of"
    ],
    ["that, asked of a cluster", cluster, ["--profile", "disk"], {}, "--profile: must be one of"],
    ["that, in the variable", standalone, [], { WEIR_PROFILE: "disk" }, "WEIR_PROFILE: "],
    ["a mistyped flag", standalone, ["--profil", "cpu"], {}, "Unknown option '--profil'"]
  ])("is refused for %s", (_, main, args, env, mistake) => {
    const { status, stderr } = spawnSync(process.execPath, [main, ...args], {
      env: { ...process.env, ...freePorts, ...env },
      encoding: "utf8",
      timeout: 20_000
    })

    assert.strictEqual(status, 2)
    assert.include(stderr, mistake)
  })
})
