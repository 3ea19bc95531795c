/**
 * The SDK as it is published: its tarball in an empty project, on the system's own Node, with
 * its types, and in a browser.
 */
import { execFile } from "node:child_process"
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { chromium } from "playwright-core"
import { bundlePage } from "./harness/bundlePage.ts"
import { chromiumOptions } from "./harness/chromium.ts"
import { servePage } from "./harness/servePage.ts"
import { start, type WeirProcess } from "./harness/WeirProcess.ts"

const repository = fileURLToPath(new URL("..", import.meta.url))
const run = promisify(execFile)

/** The environment without what npm adds: a user's own. */
const PATH = (process.env["PATH"] ?? "")
  .split(delimiter)
  .filter((directory) => !directory.includes("node_modules"))
  .join(delimiter)
const env = { PATH, HOME: process.env["HOME"] }

/** What a user of an entry installs beside it. */
const beside = [
  "react",
  "react-dom",
  "effect",
  "ws",
  "@types/react",
  "@types/react-dom",
  "@types/ws",
  "@types/node"
]

const program = `
import { WeirClient } from "@weir/client"
import { protobufCodec } from "@weir/client/protobuf"

const [http] = process.argv.slice(2)
const token = async (user) => {
  const response = await fetch(\`http://\${http}/dev/token\`, {
    method: "POST",
    body: JSON.stringify({ user })
  })
  return (await response.json()).token
}
// Node has one since version 22.
const webSocket = globalThis.WebSocket ?? (await import("ws")).WebSocket
const connect = (user, codec) => {
  const client = new WeirClient({ url: \`http://\${http}/v1/ws\`, token: () => token(user), webSocket, codec })
  client.connect()
  return client
}
const [ann, bob] = [connect("ann"), connect("bob", protobufCodec)]
const events = bob.events("chat:package")
await events.next()
await ann.publish("chat:package", { text: "hi" })
await ann.publish("chat:package", new Uint8Array([0, 255]))
const received = []
for await (const event of events) {
  if (event.type === "publication") received.push([event.publication.publisher, event.publication.data])
  if (received.length === 2) break
}
await Promise.all([ann.close(), bob.close()])
console.log(JSON.stringify({ version: process.versions.node, received }))
`

const effectProgram = `
import { Weir } from "@weir/client/effect"
import { Effect, Stream } from "effect"

const [http] = process.argv.slice(2)
const token = await (await fetch(\`http://\${http}/dev/token\`, {
  method: "POST",
  body: JSON.stringify({ user: "ann" })
})).json()
const program = Effect.gen(function* () {
  const weir = yield* Weir
  yield* weir.publish("chat:effect", "hi")
  const [first] = yield* weir
    .publications("chat:effect", { rewind: { last: 1 } })
    .pipe(Stream.take(1), Stream.runCollect)
  const refused = yield* Effect.flip(weir.publish("nowhere:a", 1))
  return [first.data, refused._tag, refused.code]
})
const layer = Weir.layer({ url: \`http://\${http}/v1/ws\`, token: token.token })
console.log(JSON.stringify(await Effect.runPromise(Effect.provide(program, layer))))
`

const page = `
import { WeirClient } from "@weir/client"
import { protobufCodec } from "@weir/client/protobuf"
import { useChannel, useConnection, usePresence, WeirProvider } from "@weir/client/react"
import { createElement } from "react"
import { createRoot } from "react-dom/client"

const token = async () => {
  const response = await fetch("/dev/token", { method: "POST", body: JSON.stringify({ user: "ann" }) })
  return (await response.json()).token
}
const client = new WeirClient({ url: "/v1/ws", token, codec: protobufCodec })
const Room = () => {
  const { state, user } = useConnection()
  const { members } = usePresence("chat:page", { member: null })
  const { isLive, publications, publish } = useChannel("chat:page", { rewind: 10 })
  const texts = publications.map(({ data }) => data.text).join(", ")
  return createElement("div", null,
    createElement("p", null, [state, user, members.length, texts].join("; ")),
    createElement("button", { disabled: !isLive, onClick: () => publish({ text: "hi" }) }))
}
createRoot(document.body).render(createElement(WeirProvider, { client }, createElement(Room)))
`

/** Any WebSocket will do, and nothing that is published is `any`. */
const types = `
import { type ChannelEvent, type Publication, WeirClient, WeirError } from "@weir/client"
import { useChannel, type ChannelView } from "@weir/client/react"
import { make, type Weir, type WeirFailure } from "@weir/client/effect"
import type { Effect, Scope, Stream } from "effect"
import { WebSocket } from "ws"

type IsAny<T> = 0 extends 1 & T ? true : false
type Is<T, U> = IsAny<T> extends true ? never : [T, U] extends [U, T] ? true : never
const holds = <T extends true>(..._: ReadonlyArray<T>) => {}

export const client = new WeirClient({ url: "/v1/ws", token: "t", webSocket: WebSocket })
const chat = () => useChannel<{ readonly text: string }>("chat:lobby")
const unknown = () => useChannel("chat:lobby")
type DataOf<T> = T extends ChannelView<infer D> ? D : never
type ServiceOf<T> = T extends Effect.Effect<infer A, never, Scope.Scope> ? A : never
type EventsOf<T> = T extends (...args: never) => Stream.Stream<infer A, infer E> ? [A, E] : never

holds<Is<DataOf<ReturnType<typeof chat>>, { readonly text: string }>>(true)
holds<Is<DataOf<ReturnType<typeof unknown>>, unknown>>(true)
holds<Is<Publication["data"], unknown>>(true)
holds<Is<ServiceOf<ReturnType<typeof make>>, Weir["Service"]>>(true)
holds<Is<EventsOf<Weir["Service"]["subscribe"]>, [ChannelEvent, WeirFailure]>>(true)
export const code = (error: unknown) => (error instanceof WeirError ? error.code : undefined)
// @ts-expect-error: a channel is a string
client.subscribe(1, { onPublication: () => {} })
`

/** The programs that the README shows, as files. */
const examplesOf = (readme: string): ReadonlyArray<readonly [string, string]> =>
  [...readme.matchAll(/```(tsx?)\n([\s\S]*?)```/g)].map(([, ending, text], index) => [
    `example-${index}.${ending}`,
    text!
  ])

const compilerOptions = {
  target: "es2022",
  lib: ["es2022", "dom"],
  jsx: "react-jsx",
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmit: true
}

describe("the SDK's package", () => {
  let server: WeirProcess
  let directory: string
  let project: string
  let installed: string

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "weir-package-"))
    project = join(directory, "project")
    installed = join(project, "node_modules/@weir/client")
    await mkdir(project)
    const pack = join(repository, "libs/client/pack/main.ts")
    const [started, { stdout }] = await Promise.all([
      start({ program: "standalone" }),
      run(process.execPath, [pack, "--into", directory])
    ])
    server = started
    console.info(stdout)
    await writeFile(join(project, "package.json"), `{ "type": "module", "private": true }`)
    const tarball = (await readdir(directory)).find((name) => name.endsWith(".tgz"))!
    const flags = ["--offline", "--ignore-scripts", "--no-audit", "--no-fund"]
    await run("npm", ["install", ...flags, join(directory, tarball)], { cwd: project, env })
    await mkdir(join(project, "node_modules/@types"))
    for (const name of beside) {
      await symlink(join(repository, "node_modules", name), join(project, "node_modules", name))
    }
  })
  afterAll(async () => {
    await server?.stop()
    if (directory) await rm(directory, { recursive: true, force: true })
  })

  const write = async (name: string, text: string) => {
    await writeFile(join(project, name), text)
    return join(project, name)
  }

  it("needs nothing but what its manifest says, and tells nothing of where it was made", async () => {
    const files = (await readdir(installed, { recursive: true })).filter((it) => /\.\w+$/.test(it))
    const texts = await Promise.all(files.map((file) => readFile(join(installed, file), "utf8")))
    const specifiers = files.flatMap((file, index) =>
      /\.(?:js|ts)$/.test(file)
        ? [...texts[index]!.matchAll(/^(?:import|export)\b(?:[^"\n]*\bfrom)? "([^"]+)"/gm)].map(
            ([, specifier]) => specifier!
          )
        : []
    )
    const foreign = specifiers.filter((specifier) => !specifier.startsWith("."))

    assert.includeMembers(files, ["client.js", "client.d.ts", "react.js.map", "NOTICES.txt"])
    assert.includeMembers(specifiers, ["react", "effect"])
    assert.sameMembers([...new Set(foreign)], ["react", "effect"])
    assert.isEmpty(files.filter((_, index) => texts[index]!.includes(repository)))
    assert.include(texts[files.indexOf("NOTICES.txt")], "Copyright 2008 Google Inc.")
  })

  it("subscribes, publishes and receives on the system's own Node", async () => {
    const { stdout } = await run("node", [await write("program.js", program), server.http!], {
      cwd: project,
      env
    })

    const { received, version } = JSON.parse(stdout)
    console.info(`ran on Node ${version}`)
    assert.deepStrictEqual(received, [
      ["ann", { text: "hi" }],
      ["ann", { 0: 0, 1: 255 }]
    ])
  })

  it("is a service of Effect", async () => {
    const file = await write("effectProgram.js", effectProgram)

    const { stdout } = await run(process.execPath, [file, server.http!], { cwd: project })

    assert.deepStrictEqual(JSON.parse(stdout), ["hi", "WeirFailure", "unknown_namespace"])
  })

  it.each([
    ["a bundler", { module: "esnext", moduleResolution: "bundler" }],
    ["Node", { module: "nodenext", moduleResolution: "nodenext" }]
  ])("has types for %s, by which its README is right", async (name, resolution) => {
    const examples = examplesOf(await readFile(join(installed, "README.md"), "utf8"))
    for (const [file, text] of [...examples, ["types.ts", types] as const]) await write(file, text)
    const files = [...examples.map(([file]) => file), "types.ts"]
    const config = { compilerOptions: { ...compilerOptions, ...resolution }, files }
    const path = await write(`tsconfig.${name.at(-1)}.json`, JSON.stringify(config))
    const tsc = join(repository, "node_modules/typescript/bin/tsc")

    const { stdout } = await run(process.execPath, [tsc, "-p", path]).catch((error) => error)

    assert.strictEqual(stdout, "")
    assert.isAtLeast(examples.length, 5)
  })

  it("works in a browser, bundled", async () => {
    const script = await bundlePage(await write("page.js", page))
    console.info(`the page with React and all of the SDK: ${Math.round(script.length / 1024)} KiB`)
    const browser = await chromium.launchPersistentContext(
      join(directory, "browser"),
      chromiumOptions
    )
    const complaints: Array<string> = []
    const tab = await browser.newPage()
    tab.on("pageerror", ({ message }) => complaints.push(message))
    await servePage(browser, "package", script)
    await tab.goto(`http://${server.http}/package/`)

    await tab.getByRole("button", { disabled: false }).click()
    await tab.getByText("connected; ann; 1; hi").waitFor({ timeout: 30_000 })

    assert.isEmpty(complaints)
    await browser.close()
  })
})
