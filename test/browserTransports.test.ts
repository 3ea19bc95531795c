/**
 * The page behind a proxy that lets no WebSocket through, or no events either: from the first
 * moment, and in the middle of a conversation.
 */
import { setTimeout as pause } from "node:timers/promises"
import { afterAll, afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import type { Transport } from "@weir/client/Transports"
import { WeirClient } from "@weir/client/WeirClient"
import type { Page } from "playwright-core"
import { type Browser, launch } from "./harness/ConsolePage.ts"
import { freePort } from "./harness/freePort.ts"
import { listen } from "./harness/listen.ts"
import { startProxy, type TcpProxy } from "./harness/TcpProxy.ts"
import { developmentToken, start, type WeirProcess } from "./harness/WeirProcess.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const upgrade = /upgrade: websocket/i
const upgradeOrEvents = /upgrade: websocket|\/events HTTP/i

// What a browser says of a request that came to nothing.
const ofTheBrowser = /^(?:WebSocket connection to|Failed to load resource)/

const EVERY_MS = 100

/** Runs in the page: its client waits a tenth of the time, and looks for a way up every second. */
const hurry = () => {
  const { random } = Math
  Math.random = () => random() / 10
  const page = globalThis as unknown as { setInterval: (run: () => void, ms: number) => number }
  const { setInterval } = page
  page.setInterval = (run, ms) => setInterval(run, ms / 60)
}

describe("the page behind a proxy that blocks", () => {
  let server: WeirProcess
  let link: TcpProxy
  let browser: Browser
  let bob: WeirClient
  let room: Awaited<ReturnType<typeof listen>>
  let isCounting = false

  beforeAll(async () => {
    const port = await freePort()
    link = await startProxy(`127.0.0.1:${port}`)
    server = await start({
      program: "standalone",
      env: { WEIR_HTTP_PORT: String(port) },
      config: { origins: [`http://${link.address}`] }
    })
    const token = await developmentToken(server.http!, "bob")
    bob = new WeirClient({ url: `http://${server.http}/v1/ws`, token })
    bob.connect()
    room = await listen(bob, "chat:lobby", { member: {} })
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
    await bob?.close()
    await link?.close()
    await server?.stop()
  })
  afterEach(async () => {
    isCounting = false
    await browser.closeTabs()
    link.block(undefined)
    const complaints = browser.complaints().filter((it) => !ofTheBrowser.test(it))
    assert.deepStrictEqual(complaints, [])
  })

  const signIn = () => browser.signIn(`http://${link.address}/`, "ann", hurry)

  const isBy = (page: Page, transport: Transport) =>
    page
      .locator(`[data-testid=connection-state][data-state=connected][data-transport=${transport}]`)
      .waitFor()

  const message = (page: Page, author: string, text: string) =>
    page.locator(`[data-testid=message][data-author="${author}"]`).filter({ hasText: text })

  /** Each hears the other, and the page sees who is there. */
  const talk = async (page: Page, about: string) => {
    await page.getByTestId("composer").fill(`ann on ${about}`)
    await page.getByTestId("composer").press("Enter")
    await bob.publish("chat:lobby", { text: `bob on ${about}` })

    await message(page, "bob", `bob on ${about}`).waitFor()
    await message(page, "ann", `ann on ${about}`).waitFor()
    for (const user of ["ann", "bob"]) {
      await page.locator(`[data-testid=member-list] [data-user="${user}"]`).waitFor()
    }
  }

  it.each<[string, Transport, RegExp]>([
    ["SSE", "sse", upgrade],
    ["long-polling", "longPolling", upgradeOrEvents]
  ])(
    "talks over %s where nothing better passes, and is gone when it leaves",
    async (name, transport, blocked) => {
      link.block(blocked)

      const page = await signIn()

      await isBy(page, transport)
      await page.getByTestId("connection-state").filter({ hasText: name }).waitFor()
      await talk(page, name)
      await page.goto("about:blank")
      await waitUntil("ann is gone", async () => {
        const { members } = await bob.presence("chat:lobby")
        return members.every(({ user }) => user !== "ann")
      })
    }
  )

  it("changes its way and back in the middle of a conversation, which nobody notices", async () => {
    const page = await signIn()
    await isBy(page, "websocket")
    const before = room.data().length
    isCounting = true
    const counting = (async () => {
      for (let n = 1; isCounting; n++) {
        await bob.publish("chat:lobby", { text: `number ${n}` })
        await pause(EVERY_MS)
      }
    })()

    link.block(upgrade)
    link.cut()
    await isBy(page, "sse")
    await talk(page, "the first change")
    // Collected, and not refused: nobody is told that these will never come.
    link.block(upgradeOrEvents, "hold")
    link.cut()
    await isBy(page, "longPolling")
    await talk(page, "the second change")
    link.block(undefined)
    await isBy(page, "websocket")
    await talk(page, "the third change")
    isCounting = false
    await counting
    await talk(page, "the end")

    const said = room.data().slice(before) as ReadonlyArray<{ readonly text: string }>
    const shown = await page.locator("[data-testid=message] p").allTextContents()
    assert.deepStrictEqual(
      shown.slice(-said.length),
      said.map(({ text }) => text)
    )
    assert.strictEqual(await page.getByTestId("gap").count(), 0)
    await page.getByTestId("nav-connection").click()
    const comebacks = page.locator("[data-testid=timeline] [data-kind=comeback]")
    assert.deepStrictEqual(
      await comebacks.evaluateAll((all) => all.map((it) => it.getAttribute("data-tone"))),
      ["good", "good", "good"]
    )
  })
})
