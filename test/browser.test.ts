/**
 * The page at `/`, in a real browser against a real server.
 */
import { afterAll, afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import { WeirClient } from "@weir/client/WeirClient"
import type { Page } from "playwright-core"
import { type Browser, connected, launch } from "./harness/ConsolePage.ts"
import { developmentToken, start, type WeirProcess } from "./harness/WeirProcess.ts"
import { waitUntil } from "./harness/waitUntil.ts"

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
  let browser: Browser
  const services: Array<WeirClient> = []

  beforeAll(async () => {
    server = await start({ program: "standalone" })
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
  })
  afterEach(async () => {
    await browser.closeTabs()
    await Promise.all(services.splice(0).map((service) => service.close()))
    assert.deepStrictEqual(browser.complaints(), [])
  })

  /** `view`: what stands behind the # of the address. */
  const signIn = (name: string, view = "/chat") =>
    browser.signIn(`http://${server.http}/#${view}`, name, rememberSockets)

  const connect = async (user: string) => {
    const token = await developmentToken(server.http!, user)
    const service = new WeirClient({ url: `http://${server.http}/v1/ws`, token })
    services.push(service)
    service.connect()
    await service.ready()
    return service
  }

  const say = async (page: Page, text: string) => {
    await page.getByTestId("composer").fill(text)
    await page.getByTestId("composer").press("Enter")
  }

  const message = (page: Page, author: string, text: string) =>
    page.locator(`[data-testid=message][data-author="${author}"]`).filter({ hasText: text })

  const member = (page: Page, user: string) =>
    page.locator(`[data-testid=member-list] [data-user="${user}"]`)

  /** Waits until an element says this. */
  const says = (page: Page, testId: string, text: string) =>
    page.getByTestId(testId).filter({ hasText: text }).waitFor()

  describe("chat", () => {
    it("lets two tabs talk, and shows each who is there", async () => {
      const [ann, bob] = await Promise.all([signIn("ann"), signIn("bob")])

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

    it("shows who is typing, until the message comes or nothing more does", async () => {
      const [ann, bob] = await Promise.all([signIn("ann"), signIn("bob")])
      await member(ann, "bob").waitFor()
      const typing = bob.getByTestId("typing")
      const isSilent = () =>
        waitUntil("nobody types", async () => (await typing.innerText()) === "")

      await ann.getByTestId("composer").pressSequentially("so")
      await says(bob, "typing", "ann is typing…")
      await ann.getByTestId("composer").press("Enter")
      await message(bob, "ann", "so").waitFor()
      await isSilent()

      await ann.getByTestId("composer").pressSequentially("what I wanted to say")
      await says(bob, "typing", "ann is typing…")
      await isSilent()
      assert.strictEqual(await ann.getByTestId("typing").innerText(), "")
    })

    it("shows in every tab what a service publishes", async () => {
      const pages = await Promise.all([signIn("eve"), signIn("fay")])
      const service = await connect("announcer")

      await service.publish("chat:lobby", { text: "maintenance at noon" })

      for (const page of pages) await message(page, "announcer", "maintenance at noon").waitFor()
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
      const [hal, ida] = await Promise.all([signIn("hal"), signIn("ida")])

      await hal.evaluate(() => (globalThis as unknown as Sockets).sockets.at(-1)?.close(4000))
      await say(ida, "still there?")

      await message(hal, "ida", "still there?").waitFor()
      const sockets = await hal.evaluate(() => (globalThis as unknown as Sockets).sockets.length)
      assert.strictEqual(sockets, 2)
      assert.strictEqual(await hal.getByTestId("gap").count(), 0)
    })

    it("counts what is said while another view is shown, and keeps what is being written", async () => {
      const [ann, bob] = await Promise.all([signIn("ann"), signIn("bob")])
      await ann.getByTestId("composer").fill("half a thought")
      await ann.getByTestId("nav-chart").click()

      await say(bob, "are you there?")

      await ann.getByTestId("nav-chat").filter({ hasText: "1" }).waitFor()
      await ann.getByTestId("nav-chat").click()
      await message(ann, "bob", "are you there?").waitFor()
      assert.strictEqual(await ann.getByTestId("composer").inputValue(), "half a thought")
      assert.strictEqual(await ann.getByTestId("nav-chat").innerText(), "Chat")
    })
  })

  describe("cursors", () => {
    const cursor = (page: Page, user: string) =>
      page.locator(`[data-testid=cursor][data-user="${user}"]`)

    const placeOf = async (page: Page, user: string) => {
      const [x, y] = await Promise.all(
        ["data-x", "data-y"].map((name) => cursor(page, user).getAttribute(name))
      )
      return [Number(x), Number(y)] as const
    }

    it("shows each tab where the other one points, until it leaves", async () => {
      const [ann, bob] = await Promise.all([signIn("ann", "/cursors"), signIn("bob", "/cursors")])
      const surface = (await ann.getByTestId("surface").boundingBox())!
      const moveTo = (x: number, y: number) =>
        ann.mouse.move(surface.x + x * surface.width, surface.y + y * surface.height, { steps: 8 })

      await moveTo(0.2, 0.2)
      await moveTo(0.75, 0.5)

      await waitUntil("the cursor has arrived", async () => {
        const [x, y] = await placeOf(bob, "ann")
        return Math.abs(x - 0.75) < 0.01 && Math.abs(y - 0.5) < 0.01
      })
      assert.strictEqual(await cursor(ann, "ann").count(), 0)
      await ann.close()
      await cursor(bob, "ann").waitFor({ state: "detached" })
    })

    it("lets the keyboard point, and shows who comes where it points", async () => {
      const ann = await signIn("ann", "/cursors")
      await ann.getByTestId("surface").focus()
      await ann.keyboard.press("ArrowRight")

      const bob = await signIn("bob", "/cursors")

      await cursor(bob, "ann").waitFor()
      assert.deepStrictEqual(await placeOf(bob, "ann"), [0.52, 0.5])
      await ann.keyboard.press("Escape")
      await cursor(bob, "ann").waitFor({ state: "detached" })
    })

    it("lets a finger point, which sees itself do so", async () => {
      const [ann, bob] = await Promise.all([signIn("ann", "/cursors"), signIn("bob", "/cursors")])
      const surface = (await ann.getByTestId("surface").boundingBox())!
      const touch = await ann.context().newCDPSession(ann)

      const [x, y] = [surface.x + surface.width / 4, surface.y + surface.height / 2]
      await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [{ x, y }] })
      await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] })

      for (const page of [ann, bob]) {
        await cursor(page, "ann").waitFor()
        assert.deepStrictEqual(await placeOf(page, "ann"), [0.25, 0.5])
      }
    })
  })

  describe("chart", () => {
    it("draws what a service publishes, each series as a line of its own", async () => {
      const page = await signIn("ann", "/chart")
      const service = await connect("sensor")

      // What is not kept is for those who are there.
      await waitUntil("the numbers are drawn", async () => {
        await service.publish("live:demo", { value: 42 })
        await service.publish("live:demo", { series: { inside: 21.5, outside: -3 } })
        return (await page.getByTestId("legend").innerText()).includes("outside")
      })

      const legend = await page.getByTestId("legend").innerText()
      for (const [name, value] of [
        ["sensor", "42"],
        ["inside", "21.5"],
        ["outside", "-3"]
      ]) {
        assert.match(legend, new RegExp(`${name}\\s+${value}`))
      }
      assert.strictEqual(await page.getByTestId("series").count(), 3)
    })

    it("is fed by a tab until that is told to stop", async () => {
      const [ann, bob] = await Promise.all([signIn("ann", "/chart"), signIn("bob", "/chart")])
      const pointsOf = async (page: Page) =>
        ((await page.getByTestId("series").first().getAttribute("d")) ?? "").split("L").length

      await ann.getByTestId("feed").click()
      await ann.getByTestId("nav-chat").click()

      await says(bob, "legend", "ann")
      await waitUntil("the line is drawn on", async () => (await pointsOf(bob)) > 3)
      await ann.getByTestId("nav-chart").click()
      await ann.getByTestId("feed").click()
      await says(ann, "feed", "Feed it")
    })
  })

  describe("inspector", () => {
    const publish = async (page: Page, data: string, messageId = "") => {
      await page.getByTestId("publish-data").fill(data)
      await page.getByTestId("publish-id").fill(messageId)
      await page.getByTestId("publish").click()
    }
    const answer = (page: Page, offset: number, isDuplicate: boolean) =>
      page
        .locator(
          `[data-testid=publish-answer][data-offset="${offset}"][data-duplicate=${isDuplicate}]`
        )
        .waitFor()

    it("shows where a channel stands and what it says, and publishes", async () => {
      const page = await signIn("ann", "/inspect")
      await page.getByTestId("channel").fill("chat:inspected")
      await page.getByTestId("channel").press("Enter")
      await page.locator("[data-live=true]").waitFor()
      assert.strictEqual(await page.getByTestId("offset").innerText(), "0")

      await publish(page, `{"n":1}`, "m-1")

      await answer(page, 1, false)
      await says(page, "live-log", `{"n":1}`)
      assert.strictEqual(await page.getByTestId("offset").innerText(), "1")
      await publish(page, `{"n":1}`, "m-1")
      await answer(page, 1, true)
      assert.strictEqual(await page.locator("[data-testid=live-log] > li").count(), 1)
    })

    it("publishes text, and says what is wrong with what is to be JSON", async () => {
      const page = await signIn("ann", "/inspect/chat:texts")
      await page.getByLabel("Text", { exact: true }).check()
      await publish(page, "{ as it is")

      await answer(page, 1, false)
      await says(page, "live-log", "{ as it is")
      await page.getByLabel("JSON", { exact: true }).check()
      await publish(page, "{ as it is")
      await says(page, "publish-problem", "This is no JSON")
    })

    it("pages through the history, back and forth", async () => {
      const service = await connect("writer")
      for (let n = 1; n <= 25; n++) await service.publish("chat:paged", { n })
      const page = await signIn("ann", "/inspect/chat:paged")
      const offsets = () =>
        page
          .locator("[data-testid=history] [data-testid=publication]")
          .evaluateAll((items) => items.map((item) => Number(item.getAttribute("data-offset"))))
      const shows = (first: number, last: number) =>
        waitUntil(`the history shows ${first} to ${last}`, async () => {
          const shown = await offsets()
          return shown[0] === first && shown.at(-1) === last
        })

      await shows(25, 16)
      await page.getByTestId("history-older").click()
      await shows(15, 6)
      await page.getByTestId("history-older").click()
      await shows(5, 1)
      assert.isTrue(await page.getByTestId("history-older").isDisabled())
      await page.getByTestId("history-newer").click()
      await shows(15, 6)
    })

    it("shares the lobby's subscription with the chat, and shows its roster", async () => {
      const page = await signIn("ann", "/inspect/chat:lobby")
      await page.locator(`[data-testid=inspected-members] [data-user="ann"]`).waitFor()

      await publish(page, `{"text":"from the inspector"}`)

      await says(page, "live-log", "from the inspector")
      await page.getByTestId("nav-chat").click()
      await message(page, "ann", "from the inspector").waitFor()
    })

    it("says why a channel cannot be looked into", async () => {
      const page = await signIn("ann", "/inspect/nowhere:x")

      await says(page, "refused", "unknown_namespace")
    })
  })

  describe("connection", () => {
    const comeback = (page: Page, words: string) =>
      page.locator("[data-testid=timeline] [data-kind=comeback]").filter({ hasText: words })

    it("cuts its own network, and recovers everything without a gap", async () => {
      const page = await signIn("ann", "/connection")
      const service = await connect("service")
      await waitUntil("the page hears the service", async () => {
        await service.publish("chat:recovery", { n: 0 })
        return (await page.getByTestId("count-live").innerText()) !== "0"
      })

      await page.getByTestId("network").click()
      await page.locator("[data-testid=connection-state][data-state=waiting]").waitFor()
      for (let n = 1; n <= 20; n++) {
        await service.publish("chat:recovery", { n })
        await service.publish("chat:lobby", { text: `while you were away ${n}` })
      }
      assert.strictEqual(await page.getByTestId("count-back").innerText(), "0")
      await page.getByTestId("network").click()

      await connected(page)
      await comeback(page, "40 of 40 missed publications replayed, no gap").waitFor()
      assert.strictEqual(await page.getByTestId("count-back").innerText(), "20")
      assert.strictEqual(await page.getByTestId("count-lost").innerText(), "0")
      await page.getByTestId("nav-chat").click()
      const away = page
        .locator("[data-testid=message] p")
        .filter({ hasText: "while you were away" })
      const texts = await away.allTextContents()
      assert.deepStrictEqual(
        texts,
        Array.from({ length: 20 }, (_, index) => `while you were away ${index + 1}`)
      )
      assert.strictEqual(await page.getByTestId("gap").count(), 0)
    })

    it("keeps a message that is sent while the network is cut, and sends it later", async () => {
      const [ann, bob] = await Promise.all([signIn("ann", "/connection"), signIn("bob")])
      await ann.getByTestId("network").click()
      await ann.locator("[data-testid=connection-state][data-state=waiting]").waitFor()
      await ann.getByTestId("nav-chat").click()
      await say(ann, "into the void")
      await ann.getByTestId("draft").waitFor()

      await ann.getByTestId("nav-connection").click()
      await ann.getByTestId("network").click()

      await message(bob, "ann", "into the void").waitFor()
      await ann.getByTestId("nav-chat").click()
      await message(ann, "ann", "into the void").waitFor()
      assert.strictEqual(await ann.getByTestId("draft").count(), 0)
    })

    it("shows as missed what a service publishes outside of the cut, and then as back", async () => {
      const page = await signIn("ann", "/connection")
      const count = async (fate: string) =>
        Number(await page.getByTestId(`count-${fate}`).innerText())
      await page.getByTestId("service").click()
      await waitUntil("some came live", async () => (await count("live")) >= 2)

      await page.getByTestId("network").click()
      await waitUntil("some are missed", async () => (await count("missed")) >= 3)
      await page.getByTestId("service").click()
      const missed = await count("missed")
      await page.getByTestId("network").click()

      await waitUntil("all are back", async () => (await count("missed")) === 0)
      assert.isAtLeast(await count("back"), missed)
      assert.strictEqual(await count("lost"), 0)
    })
  })

  it("can be used with the keyboard alone", async () => {
    const page = await browser.open(`http://${server.http}/`)
    const hasFocus = (testId: string) => page.locator(`[data-testid=${testId}]:focus`).waitFor()
    await hasFocus("name-input")
    await page.keyboard.type("kay")
    await page.keyboard.press("Enter")
    await connected(page)
    await hasFocus("composer")
    await page.keyboard.type("no mouse here")
    await page.keyboard.press("Enter")
    await message(page, "kay", "no mouse here").waitFor()

    const focused = () => page.locator(":focus").getAttribute("data-testid")
    for (let tabs = 0; tabs < 30 && (await focused()) !== "nav-inspect"; tabs++) {
      await page.keyboard.press("Shift+Tab")
    }
    await page.keyboard.press("Enter")

    await page.getByTestId("channel").waitFor()
  })

  it("keeps the theme that one chose, and forgets who signed out", async () => {
    const page = await signIn("ann")
    const theme = () => page.locator("html").getAttribute("data-theme")
    assert.strictEqual(await theme(), "system")

    await page.getByTestId("theme").click()
    await page.reload()
    await connected(page)
    assert.strictEqual(await theme(), "light")
    for (let click = 0; click < 2; click++) await page.getByTestId("theme").click()
    assert.strictEqual(await theme(), "system")

    await page.getByTestId("sign-out").click()
    await page.getByTestId("name-input").waitFor()
    await page.reload()
    await page.getByTestId("name-input").waitFor()
  })

  it("says in one sentence what it is for where nobody can sign in", async () => {
    const page = await browser.open("about:blank")
    await page.route("**/dev/token", (route) => route.fulfill({ status: 404 }))

    await page.goto(`http://${server.http}/`)

    await says(page, "closed", "This page is for trying Weir out")
    assert.strictEqual(await page.getByTestId("name-input").count(), 0)
    // The browser's own word on the answer that the test made.
    assert.lengthOf(browser.complaints(), 1)
  })
})
