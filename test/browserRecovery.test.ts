/**
 * The page behind a link that is cut: what a service publishes meanwhile comes in full, once
 * and in order, as a reader sees it.
 */
import { setTimeout as pause } from "node:timers/promises"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { type Browser, connected, launch } from "./harness/ConsolePage.ts"
import { freePort } from "./harness/freePort.ts"
import { PublishClient } from "./harness/PublishClient.ts"
import { startProxy, type TcpProxy } from "./harness/TcpProxy.ts"
import { start, type WeirProcess } from "./harness/WeirProcess.ts"

const MESSAGES = 50
// They are spread over the ten seconds of the cut.
const EVERY_MS = 200

describe("the page behind a link that is cut", () => {
  let server: WeirProcess
  let link: TcpProxy
  let browser: Browser
  let service: PublishClient

  beforeAll(async () => {
    const port = await freePort()
    link = await startProxy(`127.0.0.1:${port}`)
    // The page comes through the link, too: that is its origin.
    server = await start({
      program: "standalone",
      env: { WEIR_HTTP_PORT: String(port) },
      config: { origins: [`http://${link.address}`] }
    })
    service = new PublishClient(server.grpc!)
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
    service?.close()
    await link?.close()
    await server?.stop()
  })

  const say = (text: string) =>
    service.publish({ channel: "chat:lobby", data: Buffer.from(JSON.stringify({ text })) })

  it("shows all fifty messages of a ten-second cut, once, in order", async () => {
    const page = await browser.signIn(`http://${link.address}/`, "ann")
    await say("before")
    await page.getByTestId("message").filter({ hasText: "before" }).waitFor()

    link.refuse(true)
    link.cut()
    await page.locator("[data-testid=connection-state]:not([data-state=connected])").waitFor()
    for (let index = 1; index <= MESSAGES; index++) {
      await say(`message ${index}`)
      await pause(EVERY_MS)
    }
    assert.strictEqual(await page.getByTestId("message").count(), 1)
    link.refuse(false)

    await connected(page)
    await page
      .getByTestId("message")
      .filter({ hasText: `message ${MESSAGES}` })
      .waitFor()
    const texts = await page.locator("[data-testid=message] p").allTextContents()
    const expected = Array.from({ length: MESSAGES }, (_, index) => `message ${index + 1}`)
    assert.deepStrictEqual(texts, ["before", ...expected])
    assert.strictEqual(await page.getByTestId("gap").count(), 0)
  })
})
