/**
 * The page at `/`, in a real browser against a real server.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import { WeirClient } from "@weir/client/WeirClient"
import { type BrowserContext, chromium, type Page } from "playwright-core"
import { developmentToken, start, type WeirProcess } from "./harness/WeirProcess.ts"

const quiet = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync"
]

interface Sockets {
  sockets: Array<WebSocket>
  WebSocket: new (url: string, protocols?: string) => WebSocket
}

/** Runs in the page: lets a test close its WebSocket. */
const rememberSockets = () => {
  const page = globalThis as unknown as Sockets
  page.sockets = []
  page.WebSocket = class extends WebSocket {
    constructor(url: string, protocols?: string) {
      super(url, protocols)
      page.sockets.push(this)
    }
  }
}

describe("the page", () => {
  let server: WeirProcess
  let browser: BrowserContext
  let userDataDir: string
  const complaints: Array<string> = []

  beforeAll(async () => {
    server = await start({ program: "standalone" })
    userDataDir = await mkdtemp(join(tmpdir(), "weir-browser-"))
    browser = await chromium.launchPersistentContext(userDataDir, {
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: quiet
    })
  })
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    if (userDataDir) await rm(userDataDir, { recursive: true, force: true })
  })
  afterEach(async () => {
    await Promise.all(browser.pages().map((page) => page.close()))
    assert.deepStrictEqual(complaints.splice(0), [])
  })

  const open = async () => {
    const page = await browser.newPage()
    page.setDefaultTimeout(10_000)
    await page.addInitScript(rememberSockets)
    page.on("pageerror", ({ message }) => complaints.push(message))
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text())
    })
    await page.goto(`http://${server.http}/`)
    return page
  }

  const connected = (page: Page) =>
    page.locator("[data-testid=connection-state][data-state=connected]").waitFor()

  const signIn = async (name: string) => {
    const page = await open()
    await page.getByTestId("name-input").fill(name)
    await page.getByTestId("sign-in").click()
    await connected(page)
    return page
  }

  const say = async (page: Page, text: string) => {
    await page.getByTestId("composer").fill(text)
    await page.getByTestId("composer").press("Enter")
  }

  const message = (page: Page, author: string, text: string) =>
    page.locator(`[data-testid=message][data-author="${author}"]`).filter({ hasText: text })

  const member = (page: Page, user: string) =>
    page.locator(`[data-testid=member-list] [data-user="${user}"]`)

  it("lets two tabs talk, and shows each who is there", async () => {
    const [ann, bob] = [await signIn("ann"), await signIn("bob")]

    await say(ann, "hello, bob")
    await message(bob, "ann", "hello, bob").waitFor()
    await say(bob, "hello, ann")
    await message(ann, "bob", "hello, ann").waitFor()

    assert.strictEqual(await message(ann, "ann", "hello, bob").getAttribute("data-own"), "true")
    assert.strictEqual(await message(bob, "ann", "hello, bob").getAttribute("data-own"), "false")
    for (const page of [ann, bob]) {
      await member(page, "ann").waitFor()
      await member(page, "bob").waitFor()
      assert.strictEqual(await page.getByTestId("draft").count(), 0)
    }
  })

  it("shows when somebody comes and when somebody goes", async () => {
    const cleo = await signIn("cleo")
    await member(cleo, "cleo").waitFor()
    assert.strictEqual(await member(cleo, "dan").count(), 0)

    const dan = await signIn("dan")
    await member(cleo, "dan").waitFor()
    await dan.close()

    await member(cleo, "dan").waitFor({ state: "detached" })
  })

  it("shows in every tab what a service publishes", async () => {
    const pages = [await signIn("eve"), await signIn("fay")]
    const token = await developmentToken(server.http!, "announcer")
    const service = new WeirClient({ url: `http://${server.http}/v1/ws`, token })
    service.connect()

    await service.publish("chat:lobby", { text: "maintenance at noon" })

    for (const page of pages) await message(page, "announcer", "maintenance at noon").waitFor()
    await service.close()
  })

  it("signs in again after a reload, and shows what was said before", async () => {
    const page = await signIn("gus")
    await say(page, "remember this")
    await message(page, "gus", "remember this").waitFor()

    await page.reload()

    await connected(page)
    await message(page, "gus", "remember this").waitFor()
  })

  it("keeps the conversation over a cut, without a gap", async () => {
    const [hal, ida] = [await signIn("hal"), await signIn("ida")]

    await hal.evaluate(() => (globalThis as unknown as Sockets).sockets.at(-1)?.close(4000))
    await say(ida, "still there?")

    await message(hal, "ida", "still there?").waitFor()
    const sockets = await hal.evaluate(() => (globalThis as unknown as Sockets).sockets.length)
    assert.strictEqual(sockets, 2)
    assert.strictEqual(await hal.getByTestId("gap").count(), 0)
  })
})
