/**
 * The documents: they are followed to the letter, by docs/README.md's rules, and what they say
 * one sees is there to see.
 */
import { execFileSync } from "node:child_process"
import {
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
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { type Browser, chromium, type Page as Tab } from "playwright-core"
import { type BadDay, startBadDay } from "./docs/BadDay.ts"
import { type Clone, makeClone, repository } from "./docs/Clone.ts"
import { missingFor } from "./docs/Languages.ts"
import { type Block, readPage, withFiles } from "./docs/Page.ts"
import { Reader } from "./docs/Reader.ts"
import { Terminal } from "./docs/Terminal.ts"
import { chromiumOptions } from "./harness/chromium.ts"
import { freePort } from "./harness/freePort.ts"
import { connectJson, openJson } from "./harness/JsonClient.ts"
import { developmentToken, start, type WeirProcess } from "./harness/WeirProcess.ts"
import type { Payload } from "./harness/WireClient.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const textOf = (path: string): string => readFileSync(join(repository, path), "utf8")
const pages = globSync("{README.md,docs/*.md,{libs,services}/*/README.md}", { cwd: repository })
const followed = ["tutorial", "recipes", "reconnect", "transports"].map((it) => `docs/${it}.md`)

/** A page is minutes of somebody's time, and on a busy machine of ours. */
const followLimitMs = 240_000

/** All in which what runs here differs from what is written there. */
const table = {
  // Whoever runs this has done it.
  commands: { "npm ci && ": "" },
  // Of Weir, of the tutorial's page and of the proxy that cuts: others here need them, too.
  ports: new Map<string, number>()
}
const writtenPorts = ["8080", "9090", "9100", "3000", "8088", "8089"]

const translate = (text: string): string =>
  Object.entries(table.commands)
    .reduce((it, [written, here]) => it.replaceAll(written, here), text)
    .replace(
      new RegExp(`\\b(?:${writtenPorts.join("|")})\\b`, "g"),
      (port) => `${table.ports.get(port)}`
    )

/** Without what the test runner and npm have added: a reader's `node` is the machine's. */
const environmentOfAReader = (): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(?:NODE_(?:ENV|OPTIONS|PATH)|VITEST|WEIR_|npm_)/.test(name)
    )
  ),
  PATH: process.env["PATH"]!.split(":")
    .filter((it) => !it.includes("node_modules"))
    .join(":")
})

let clone: Clone
let home: string
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  for (const port of writtenPorts) table.ports.set(port, await freePort())
  clone = makeClone(translate)
  home = mkdtempSync(join(tmpdir(), "weir-reader-"))
  // What curl shows on a terminal.
  writeFileSync(join(home, ".curlrc"), "silent\nshow-error\n")
  env = {
    ...environmentOfAReader(),
    CURL_HOME: home,
    NO_COLOR: "1",
    npm_config_update_notifier: "false",
    // Where they are, for what the commands do not say: the defaults of Weir and its command line.
    WEIR_HTTP_PORT: `${table.ports.get("8080")}`,
    WEIR_GRPC_PORT: `${table.ports.get("9090")}`,
    WEIR_OPS_PORT: `${table.ports.get("9100")}`,
    WEIR_URL: `http://127.0.0.1:${table.ports.get("8080")}`,
    WEIR_API: `127.0.0.1:${table.ports.get("9090")}`
  }
})
afterAll(() => {
  clone?.remove()
  if (home) rmSync(home, { recursive: true, force: true })
})

const blocksOf = (page: string): ReadonlyArray<Block> => readPage(textOf(page)).blocks
const makeReader = () => new Reader({ cwd: clone.root, env }, translate)

describe("the pages", () => {
  it.each(pages)("%s has no link that leads nowhere", (page) => {
    const wrong = readPage(textOf(page)).links.filter(({ target }) => {
      if (/^[a-z]+:/.test(target)) return false
      const [path = "", anchor] = target.split("#")
      const file = path === "" ? page : join(dirname(page), path)
      if (!existsSync(join(repository, file))) return true
      return anchor !== undefined && !readPage(textOf(file)).anchors.has(anchor)
    })

    assert.isEmpty(wrong.map(({ line, target }) => `${page}:${line} ${target}`))
  })

  it("show the files of examples/ as they are, and all of them", () => {
    for (const page of followed) {
      const isFresh = textOf(page) === withFiles(textOf(page), textOf)
      assert.isTrue(isFresh, `${page} is stale: node test/docs/main.ts`)
    }
    const shown = followed.flatMap((page) => blocksOf(page).map(({ file }) => file))
    assert.includeMembers(shown, globSync("examples/*/*.*", { cwd: repository }))
  })

  it("show TypeScript that fits the SDK", () => {
    const directory = join(clone.root, "examples/typescript")
    mkdirSync(directory)
    const blocks = followed.flatMap(blocksOf).filter(({ language }) => language === "ts")
    assert.isNotEmpty(blocks)
    blocks.forEach(({ text }, index) => writeFileSync(join(directory, `${index}.ts`), text))
    const tsconfig = {
      extends: "../../tsconfig.json",
      compilerOptions: {
        lib: ["es2024", "esnext.disposable", "dom"],
        module: "preserve",
        moduleResolution: "bundler",
        paths: { "@weir/client": ["../../libs/client/pack/entries/client.ts"] }
      },
      include: ["*.ts"],
      exclude: []
    }
    writeFileSync(join(directory, "tsconfig.json"), JSON.stringify(tsconfig))

    execFileSync(
      process.execPath,
      [join(repository, "node_modules/typescript/bin/tsc"), "-p", directory],
      {
        encoding: "utf8"
      }
    )
  })
})

describe("docs/tutorial.md", () => {
  let browser: Browser
  let reader: Reader

  beforeAll(async () => {
    browser = await chromium.launch(chromiumOptions)
    reader = makeReader()
  })
  afterAll(async () => {
    await browser?.close()
    await reader?.leave()
  })

  const complaints: Array<string> = []
  const isBack = (tab: Tab) => tab.locator("#state", { hasText: "connected" }).waitFor()
  const open = async (user: string): Promise<Tab> => {
    const tab = await browser.newPage()
    tab.setDefaultTimeout(30_000)
    tab.on("pageerror", ({ message }) => complaints.push(message))
    await tab.goto(translate(`http://127.0.0.1:3000/?user=${user}`))
    await isBack(tab)
    return tab
  }
  const member = (tab: Tab, user: string) => tab.locator("#members li", { hasText: user })
  const cursor = (tab: Tab, user: string) => tab.locator(".cursor", { hasText: user })
  const announcement = (tab: Tab, text: string) => tab.locator("#announcement", { hasText: text })

  it(
    "leads from nothing to a room with cursors",
    async () => {
      const blocks = blocksOf("docs/tutorial.md")
      const under = (...steps: ReadonlyArray<string>) =>
        blocks.filter(({ heading }) => steps.includes(heading[0]!))
      await reader.follow(under("1", "2", "3", "4", "5"))

      const [ann, bob] = [await open("ann"), await open("bob")]
      for (const tab of [ann, bob])
        for (const user of ["ann", "bob"]) await member(tab, user).waitFor()
      await ann.mouse.move(100, 200)
      await ann.mouse.move(300, 400)
      await bob.waitForFunction(() => {
        const { document, innerWidth } = globalThis as unknown as {
          readonly document: { querySelector(name: string): { readonly offsetLeft: number } | null }
          readonly innerWidth: number
        }
        const left = document.querySelector(".cursor")?.offsetLeft
        return left !== undefined && Math.abs(left - 300) < innerWidth / 100
      })
      assert.strictEqual(await cursor(ann, "ann").count(), 0)

      await reader.follow(under("6"))
      for (const tab of [ann, bob, await open("cleo")])
        await announcement(tab, "Coffee at four").waitFor()

      const wasAway = Promise.all(
        [ann, bob].map((tab) => tab.locator("#state", { hasText: "waiting" }).waitFor())
      )
      await reader.follow(under("7"))
      await wasAway
      await Promise.all([ann, bob].map(isBack))
      // A signal may be left out, so that one is not enough.
      await waitUntil("Bob sees Ann's cursor again", async () => {
        await ann.mouse.move(Math.random() * 500, 100)
        return (await cursor(bob, "ann").count()) > 0
      })
      await ann.close()
      await cursor(bob, "ann").waitFor({ state: "detached" })
      await member(bob, "ann").waitFor({ state: "detached" })
      assert.isEmpty(complaints)
    },
    followLimitMs
  )
})

describe.each(followed.slice(1))("%s", (page) => {
  let reader: Reader
  beforeAll(() => {
    reader = makeReader()
  })
  afterAll(() => reader?.leave())

  it("tells how it is", () => reader.follow(blocksOf(page)), followLimitMs)
})

describe("a service that follows docs/recipes.md", () => {
  const blocks = blocksOf("docs/recipes.md")
  /** A command under the language's name, for another server and, where it names them, other ids. */
  const commandFor = (language: string, place: number, messageId = "$&"): string =>
    blocks
      .filter((it) => it.heading === language && it.language === "sh")
      [place]!.text.replace("http://127.0.0.1:8080", "$WEIR_URL")
      .replace(/order-\d+/, messageId)
  const here = ["curl", "Node", "Python", "Go"].filter(
    (language) => missingFor(commandFor(language, 0)) === undefined
  )
  let server: WeirProcess
  let badDay: BadDay

  beforeAll(async () => {
    server = await start({ program: "standalone" })
    badDay = await startBadDay(`http://${server.http}`)
  })
  afterAll(async () => {
    await badDay?.close()
    await server?.stop()
  })

  const run = async (command: string): Promise<string> => {
    const terminal = new Terminal(command, {
      cwd: clone.root,
      env: { ...env, WEIR_URL: badDay.url }
    })
    await terminal.done(followLimitMs).catch(() => {})
    return terminal.output
  }
  const asked = (word: string) => badDay.asked.filter((it) => it.includes(word))

  describe.concurrent.each(here)("in %s", (language) => {
    it(
      "publishes once, on a bad day, too",
      async () => {
        const id = `bad-day-${language}`

        const output = await run(commandFor(language, 0, id))

        assert.match(output, /"duplicate": ?true/)
        assert.lengthOf(asked(id), 3, "503, no answer, done")
      },
      followLimitMs
    )

    it(
      "does not ask again for what will never be",
      async () => {
        const id = `refused-${language}`

        const output = await run(commandFor(language, 0, id).replace("chat:", "nowhere:"))

        assert.include(output, "unknown_namespace")
        assert.lengthOf(asked(id), 3, "503, no answer, refused")
      },
      followLimitMs
    )
  })

  // curl's batch is decided by whoever reads the answer.
  describe.concurrent.each(here.filter((it) => it !== "curl"))(
    "in %s, several at once",
    (language) => {
      it(
        "asks again for those of a batch that are undecided",
        async () => {
          const channel = `chat:batch-in-${language}`

          const output = await run(commandFor(language, 1).replaceAll("chat:lobby", channel))

          assert.notInclude(output, "aborted")
          const sizes = asked(channel).map((body) => JSON.parse(body).publications.length)
          assert.deepStrictEqual(sizes, [2, 2, 2, 1], "503, no answer, one refused, done")
          const history = `http://${server.http}/v1/history?channel=${channel}`
          const headers = { authorization: "Bearer dev-key" }
          const { publications } = (await (await fetch(history, { headers })).json()) as Payload
          assert.lengthOf(publications, 2)
        },
        followLimitMs
      )
    }
  )
})

describe("a token that docs/recipes.md makes", () => {
  let server: WeirProcess
  const section = blocksOf("docs/recipes.md").filter(({ heading }) => heading === "Tokens")

  beforeAll(async () => {
    const settings = section.find(({ language }) => language === "json")!
    const namespaces = { chat: {} }
    server = await start({
      program: "standalone",
      config: { namespaces, ...JSON.parse(settings.text) }
    })
  })
  afterAll(() => server?.stop())

  const commands = section
    .filter(({ language }) => language === "sh")
    .map(({ text }) => text.trim())

  it.each(commands)("is good: %s", async (command) => {
    if (missingFor(command) !== undefined) return
    const terminal = new Terminal(command, { cwd: clone.root, env })
    await terminal.done(60_000)

    const client = await openJson(server.http!)
    client.send("connect", { versions: ["1"], token: terminal.output.trim() })
    assert.strictEqual((await client.take("connected")).payload.user, "ann")
    assert.strictEqual((await client.subscribe("chat:room")).type, "subscribed")
    client.close()
  })
})

describe("the backend that docs/recipes.md shows", () => {
  const section = blocksOf("docs/recipes.md").filter(
    ({ heading }) => heading === "A backend for rpc"
  )
  let server: WeirProcess
  let backend: Terminal

  beforeAll(async () => {
    const { rpc } = JSON.parse(section.find(({ language }) => language === "json")!.text)
    const port = await freePort()
    const { file } = section.find(({ language }) => language === "js")!
    backend = new Terminal(`exec node ${file}`, {
      cwd: clone.root,
      env: { ...env, PORT: `${port}`, BACKEND_SECRET: rpc[0].authorization }
    })
    const here = [{ ...rpc[0], url: `http://127.0.0.1:${port}/` }]
    server = await start({ program: "standalone", config: { rpc: here } })
    await waitUntil("the backend is ready", () => backend.output.includes("ready"))
  })
  afterAll(async () => {
    await server?.stop()
    await backend?.interrupt()
  })

  it("answers its clients, once for what is asked twice, and refuses in its own words", async () => {
    const token = await developmentToken(server.http!, "née")
    const client = await connectJson(server.http!, { token })
    const ask = async (method: string, data: unknown) =>
      (await client.request("rpc", { method, data })).payload

    const { data } = await ask("orders.place", { id: "o-1", amount: 2 })
    assert.deepStrictEqual((await ask("orders.place", { id: "o-1", amount: 2 })).data, data)
    assert.deepStrictEqual((await ask("orders.list", null)).data, [data])
    assert.strictEqual((await ask("orders.place", { id: "o-2" })).message, "amount: at least 1")
    assert.strictEqual((await ask("orders.cook", null)).code, "bad_request")
    client.close()
  })
})
