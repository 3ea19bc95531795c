/**
 * The containers, without Docker and without a cluster: what they are said to be is done here.
 *
 * The Dockerfile's steps make a directory. Out of it processes run, as a user who may write
 * nowhere, with exactly the commands, the environment and the files that the manifests and the
 * compose file give them. They are asked what probes ask, hold the protocol's conversation,
 * and are ended as Kubernetes and Docker end them.
 */
import { execFile } from "node:child_process"
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { type RedisServer, startRedis } from "./harness/RedisServer.ts"
import type { Payload } from "./harness/WireClient.ts"
import { readCompose } from "./kubernetes/Compose.ts"
import {
  type Container,
  type Ending,
  startContainer,
  startLimitMs
} from "./kubernetes/Container.ts"
import { converse } from "./kubernetes/Conversation.ts"
import { buildImage, type Image, packagesIn } from "./kubernetes/Image.ts"
import { environmentOf, filesOf, kustomize, type Pod, podsOf } from "./kubernetes/Manifests.ts"
import { blocksOf, sectionOf } from "./kubernetes/Pages.ts"
import { addressOf, commandOf, pathOf, type Table, variablesOf } from "./kubernetes/Table.ts"

const run = promisify(execFile)
const repository = fileURLToPath(new URL("..", import.meta.url))
const at = (path: string): string => join(repository, path)
const text = (path: string): string => readFileSync(at(path), "utf8")
const json = (path: string): Payload => JSON.parse(text(path))

const compose = readCompose(at("deploy/compose.yaml"))
const podIp = "10.1.2.3"
const redisUrl = "redis://redis:6379"

/** All in which what runs here differs from what is written there. */
const tableFor = (image: Image, directory: string, redis: RedisServer): Table => ({
  addresses: {
    "0.0.0.0": "127.0.0.1",
    [podIp]: "127.0.0.1",
    ...Object.fromEntries(compose.weir.map(({ name }) => [name, "127.0.0.1"])),
    [redisUrl]: redis.url
  },
  paths: {
    "/weir": join(image.root, "weir"),
    "/etc/weir": join(directory, "etc"),
    "/tmp": join(directory, "tmp")
  },
  programs: { node: image.node },
  // Every port of every container is a free one of loopback.
  ports: new Map()
})

let image: Image
beforeAll(async () => {
  image = await buildImage(repository, at("deploy/docker/Dockerfile"))
}, 300_000)
afterAll(() => image?.remove())

describe("the image", () => {
  it("holds what services import, and nothing that only development needs", () => {
    const packages = packagesIn(join(image.root, "weir/node_modules"))
    const lock = json("package-lock.json").packages
    const isForOthers = (name: string): boolean => {
      const { dev, devOptional, optional } = lock[`node_modules/${name}`] ?? {}
      return dev || devOptional || optional || name === "@weir/test" || name === "@weir/console"
    }

    assert.includeMembers([...packages], ["effect", "ioredis", "jose", "ws", "@weir/router"])
    assert.isEmpty(packages.filter(isForOthers))
    for (const name of ["react", "vite"]) assert.isFalse(packages.includes(name))
  })

  it("has no test in it", () => {
    assert.isEmpty(image.files().filter((path) => /\.(test|fixture|contract)\.ts$/.test(path)))
  })

  it("has the page that connectors serve", () => {
    const page = join(image.root, image.env["WEIR_PAGE_DIRECTORY"]!, "index.html")

    assert.match(readFileSync(page, "utf8"), /<script type="module"/)
  })
})

/** A directory for what containers are given, a Redis, and what of it is where. */
const makePlace = async () => {
  const directory = mkdtempSync(join(tmpdir(), "weir-containers-"))
  chmodSync(directory, 0o755)
  mkdirSync(join(directory, "tmp"), { mode: 0o755 })
  const redis = await startRedis({ persistence: "everysec" })
  const table = tableFor(image, directory, redis)
  return {
    table,
    directory,
    place: (path: string, content: string): void => {
      mkdirSync(dirname(pathOf(table, path)), { recursive: true })
      writeFileSync(pathOf(table, path), content)
    },
    remove: async () => {
      await redis.stop()
      rmSync(directory, { recursive: true })
    }
  }
}

type Place = Awaited<ReturnType<typeof makePlace>>

const assertEnded = (endings: ReadonlyArray<Ending>): void => {
  for (const { code, log, name, signal } of endings)
    assert.deepStrictEqual([code, signal], [0, null], `${name}\n${log}`)
}

describe("the pods of deploy/kubernetes/base", () => {
  const laptop = json("deploy/kubernetes/overlays/laptop/weir.json")
  const [snippet] = blocksOf(text("docs/deploy.md")).filter((it) => it.text.includes("createHmac"))
  /** Of more there is nothing new to see. */
  const counts: Readonly<Record<string, number>> = { connector: 2, router: 2, presence: 1, auth: 1 }
  const containers = new Map<Pod, Container>()
  let here: Place

  /** The base as its users have it: with keys in its `weir.json`. */
  const renderWithKeys = () => {
    const copy = join(here.directory, "kubernetes")
    cpSync(at("deploy/kubernetes"), copy, { recursive: true })
    const shipped = json("deploy/kubernetes/base/weir.json")
    const withKeys = { ...shipped, auth: laptop.auth, apiKeys: laptop.apiKeys }
    writeFileSync(join(copy, "base/weir.json"), JSON.stringify(withKeys))
    return kustomize(join(copy, "base"))
  }

  /** Ann's token, as the page has it made, or somebody else's. */
  const tokenFor = async (user: string): Promise<string> => {
    const { stdout } = await run("sh", ["-c", snippet!.text.replace('"ann"', `"${user}"`)])
    return stdout.trim()
  }

  const address = ({ container, name }: Pod, port: string): Promise<string> => {
    const { containerPort } = container.ports.find((it: Payload) => it.name === port)
    return addressOf(here.table, name, containerPort)
  }

  const addresses = (wanted: string, port: string): Promise<ReadonlyArray<string>> =>
    Promise.all(
      [...containers.keys()].filter(({ role }) => role === wanted).map((pod) => address(pod, port))
    )

  beforeAll(async () => {
    here = await makePlace()
    const manifests = renderWithKeys()
    for (const pod of podsOf(manifests).filter(({ index, role }) => index < counts[role]!)) {
      const { container, name, spec } = pod
      const outside = { podIp, secrets: { "weir-redis": { url: redisUrl } } }
      const variables = { ...image.env, ...environmentOf(manifests, pod, outside) }
      for (const [path, content] of Object.entries(filesOf(manifests, pod)))
        here.place(path, content)
      const started = startContainer({
        name,
        command: commandOf(here.table, [...container.command, ...container.args]),
        environment: await variablesOf(here.table, name, variables),
        directory: pathOf(here.table, container.workingDir),
        uid: spec.securityContext.runAsUser,
        gid: spec.securityContext.runAsGroup
      })
      containers.set(pod, started)
    }
  })
  afterAll(async () => {
    await Promise.all([...containers.values()].map((it) => it.end(0)))
    await here?.remove()
  })

  it.each(["startupProbe", "livenessProbe", "readinessProbe"])(
    "pass their %s",
    async (probe) => {
      await Promise.all(
        [...containers].map(async ([pod, container]) => {
          const { path, port } = pod.container[probe].httpGet
          await container.answers(`http://${await address(pod, port)}${path}`)
        })
      )
    },
    startLimitMs
  )

  it("hold the protocol's conversation, over all connectors and routers", async () => {
    const edges = await addresses("connector", "http")
    const apis = await addresses("router", "grpc")
    assert.deepStrictEqual([edges.length, apis.length], [2, 2])

    await converse({ edges, apis, tokenFor, apiKey: "laptop-key" })
  })

  it("serve the page, and hand out no development identity", async () => {
    const [edge] = await addresses("connector", "http")
    const page = await fetch(`http://${edge}/`)
    const token = await fetch(`http://${edge}/dev/token`, {
      method: "POST",
      body: '{"user":"ann"}'
    })

    const built = join(image.root, image.env["WEIR_PAGE_DIRECTORY"]!, "index.html")
    assert.strictEqual(await page.text(), readFileSync(built, "utf8"))
    assert.strictEqual(token.status, 404)
  })

  it("end within their grace, all at once, with code 0", async () => {
    const endings = await Promise.all(
      [...containers].map(([{ container, spec }, it]) => {
        const before = container.lifecycle?.preStop.exec.command ?? []
        return it.end(spec.terminationGracePeriodSeconds, commandOf(here.table, before))
      })
    )

    assertEnded(endings)
  })
})

describe("a container of deploy/compose.yaml", () => {
  it(
    "turns healthy, with the keys for laptops, and ends within its grace, with code 0",
    async () => {
      const [service] = compose.weir
      const { command, environment, files, graceSeconds, healthcheck, name } = service!
      const here = await makePlace()
      for (const [path, file] of Object.entries(files)) here.place(path, readFileSync(file, "utf8"))
      const container = startContainer({
        name,
        command: commandOf(here.table, [...image.entrypoint, ...command]),
        environment: await variablesOf(here.table, name, { ...image.env, ...environment }),
        directory: pathOf(here.table, image.workdir),
        uid: image.uid,
        gid: image.gid
      })
      try {
        const [how, program, flag, script] = healthcheck
        assert.deepStrictEqual([how, program, flag], ["CMD", "node", "-e"])
        const [, asked, port] = /http:\/\/(127\.0\.0\.1:(\d+))\/readyz/.exec(script!)!
        const ops = await addressOf(here.table, name, Number(port))
        const check = () => run(image.node, ["-e", script!.replace(asked!, ops)])

        await container.answers(`http://${ops}/readyz`)
        await check()
        assertEnded([await container.end(graceSeconds)])
        const { code } = await check().catch((error) => error)
        assert.strictEqual(code, 1)
      } finally {
        await container.end(0)
        await here.remove()
      }
    },
    startLimitMs
  )
})

describe("the documents", () => {
  const blocks = [
    ...blocksOf(text("docs/deploy.md")),
    ...blocksOf(sectionOf(text("README.md"), "In containers"))
  ].filter(({ language }) => language === "sh")

  it("say of every command that is not run here what it needs", () => {
    assert.isAbove(blocks.length, 5)
    for (const { needs } of blocks)
      if (needs !== undefined) assert.include(["a cluster", "Docker"], needs)
  })

  const runnable = blocks.filter(({ needs }) => needs === undefined)
  it.each(runnable.map((it) => [it.text.split("\n", 1)[0], it.text] as const))(
    "show a command that works: %s",
    async (_first, script) => {
      await run("sh", ["-euc", script], { cwd: repository })
    }
  )

  it("name images, files and directories that there are", () => {
    for (const { text: script } of blocks) {
      for (const [path] of script.matchAll(/\bdeploy\/[\w./-]+/g)) {
        if (!path.includes("overlays/production")) assert.isTrue(existsSync(at(path)), path)
      }
    }
  })

  it("alert on metrics that there are", () => {
    const named = new Set(text("docs/deploy.md").match(/\bweir_[a-z0-9_]+/g))
    const sources = globSync("{services,libs}/*/src/*Metrics.ts", { cwd: repository }).map(text)
    assert.isAbove(named.size, 5)
    for (const name of named)
      assert.isTrue(
        sources.some((it) => it.includes(`"${name}"`)),
        name
      )
  })
})
