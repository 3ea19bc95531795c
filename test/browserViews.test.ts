/**
 * How the page looks: every view at the width of a desk and of phones, light and dark.
 *
 * WEIR_SCREENSHOTS names a directory to which pictures of all of them are written, for people
 * to look at. What is asserted is that everything fits.
 */
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { WeirClient } from "@weir/client/WeirClient"
import type { Page } from "playwright-core"
import { type Browser, launch } from "./harness/ConsolePage.ts"
import { developmentToken, start, type WeirProcess } from "./harness/WeirProcess.ts"

const sizes = {
  desk: { width: 1280, height: 800 },
  phone: { width: 390, height: 844 },
  narrow: { width: 360, height: 640 }
} as const

const schemes = ["light", "dark"] as const

const views = ["chat", "cursors", "chart", "inspect/chat:lobby", "connection"] as const

const conversation = [
  ["bob", "Morning! Is the new build out?"],
  ["cleo", "Went out at nine. I restarted both routers in the middle of it."],
  ["cleo", "Did anybody notice?"],
  ["ann", "Not a thing. My tab was connected the whole time."],
  ["bob", "Same here, and the numbers on the dashboard went on."],
  ["ann", "Then let us do the other region, too."]
] as const

describe("the page's views", () => {
  const directory = process.env["WEIR_SCREENSHOTS"]
  let server: WeirProcess
  let browser: Browser
  let page: Page
  const others: Array<WeirClient> = []

  beforeAll(async () => {
    server = await start({ program: "standalone" })
    browser = await launch()
    if (directory !== undefined) mkdirSync(directory, { recursive: true })
  })
  afterAll(async () => {
    await Promise.all(others.map((client) => client.close()))
    await browser?.close()
    await server?.stop()
  })

  const connect = async (user: string) => {
    const token = await developmentToken(server.http!, user)
    const client = new WeirClient({ url: `http://${server.http}/v1/ws`, token })
    others.push(client)
    client.connect()
    await client.ready()
    const handlers = { onPublication: () => {} }
    const lobby = client.subscribe("chat:lobby", handlers, { member: {} })
    const cursors = client.subscribe("chat:cursors", handlers, { member: {} })
    await Promise.all([lobby.subscribed(), cursors.subscribed()])
    return { client, cursors, lobby }
  }

  const look = async (name: string) => {
    const beyond = await page.evaluate<number>(
      "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert.strictEqual(beyond, 0, `${name} is wider than its window`)
    if (directory === undefined) return
    // What moves to its new place has arrived there.
    await pause(200)
    await page.screenshot({ path: join(directory, `${name}.png`) })
  }

  const lookEverywhere = async (name: string) => {
    for (const [size, viewport] of Object.entries(sizes)) {
      await page.setViewportSize(viewport)
      for (const colorScheme of schemes) {
        await page.emulateMedia({ colorScheme })
        await look(`${name}-${size}-${colorScheme}`)
      }
    }
  }

  it("fit into every window, signed out", async () => {
    page = await browser.open(`http://${server.http}/`)

    await lookEverywhere("sign-in")
    await page.close()
  })

  it("fit into every window, with much to show", async () => {
    const [ann, bob, cleo] = [await connect("ann"), await connect("bob"), await connect("cleo")]
    const clients = { ann: ann.client, bob: bob.client, cleo: cleo.client }
    for (const [author, text] of conversation) {
      await clients[author].publish("chat:lobby", { text })
    }
    page = await browser.signIn(`http://${server.http}/#/chart`, "ann")
    await page.getByTestId("feed").click()
    await page.getByTestId("nav-connection").click()
    await page.getByTestId("service").click()
    await page.locator("[data-testid=count-live]").filter({ hasText: /[5-9]/ }).waitFor()
    await page.getByTestId("network").click()
    await page.locator("[data-testid=count-missed]").filter({ hasText: /[6-9]/ }).waitFor()
    await lookEverywhere("connection-cut")
    await page.getByTestId("network").click()
    await page.locator("[data-testid=timeline] [data-kind=comeback]").waitFor()
    await lookEverywhere("connection-back")

    for (const view of views) {
      await page.goto(`http://${server.http}/#/${view}`)
      await page.locator(`[aria-current=page][data-testid=nav-${view.split("/")[0]}]`).waitFor()
      if (view === "chat") {
        bob.lobby.signal({ typing: true })
        await page.getByTestId("typing").filter({ hasText: "bob" }).waitFor()
      }
      if (view === "chart") {
        for (let step = 0; step < 40; step++) {
          const inside = 60 + 12 * Math.sin(step / 6)
          await bob.client.publish("live:demo", { series: { inside, outside: inside / 2 - 8 } })
          if (directory !== undefined) await pause(100)
        }
      }
      if (view === "cursors") {
        bob.cursors.signal({ x: 0.3, y: 0.35 })
        cleo.cursors.signal({ x: 0.62, y: 0.55 })
        await page.getByTestId("cursor").nth(1).waitFor()
      }
      await lookEverywhere(view.replace(/\W/g, "-"))
    }
    assert.deepStrictEqual(browser.complaints(), [])
  })
})
