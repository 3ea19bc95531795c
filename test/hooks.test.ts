/**
 * The React hooks of the SDK, in a real browser against a real server, in StrictMode.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import { WeirClient } from "@weir/client/WeirClient"
import { type BrowserContext, chromium } from "playwright-core"
import { bundlePage } from "./harness/bundlePage.ts"
import { chromiumOptions } from "./harness/chromium.ts"
import { listen } from "./harness/listen.ts"
import { servePage } from "./harness/servePage.ts"
import { developmentToken, start, type WeirProcess } from "./harness/WeirProcess.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const fixture = new URL("../libs/client/src/react/HookPage.fixture.ts", import.meta.url)

interface Frame {
  readonly type: string
  readonly payload: Readonly<Record<string, unknown>> & { readonly subscriptions?: Array<object> }
}

/** The part of HookPage.fixture that a test uses. */
interface HookPage {
  readonly sent: ReadonlyArray<Frame>
  readonly heard: Record<string, ReadonlyArray<unknown>>
  // biome-ignore lint/suspicious/noExplicitAny: tests look into any view
  readonly views: Record<string, any>
  readonly errors: ReadonlyArray<string>
  render(probes: ReadonlyArray<object>, isInside?: boolean): void
  cut(): void
}

interface Global {
  HookPage: new (user: string) => HookPage
  page: HookPage
}

describe("the React hooks", () => {
  let server: WeirProcess
  let browser: BrowserContext
  let userDataDir: string
  let service: WeirClient
  let channels = 0
  const complaints: Array<string> = []

  beforeAll(async () => {
    const script = await bundlePage(fileURLToPath(fixture), "development")
    server = await start({ program: "standalone" })
    userDataDir = await mkdtemp(join(tmpdir(), "weir-hooks-"))
    browser = await chromium.launchPersistentContext(userDataDir, chromiumOptions)
    await servePage(browser, "hooks", script)
    const url = `http://${server.http}/v1/ws`
    service = new WeirClient({ url, token: () => developmentToken(server.http!, "service") })
    service.connect()
    await service.ready()
  })
  afterAll(async () => {
    await service?.close()
    await browser?.close()
    await server?.stop()
    if (userDataDir) await rm(userDataDir, { recursive: true, force: true })
  })
  afterEach(async () => {
    await Promise.all(browser.pages().map((page) => page.close()))
    assert.deepStrictEqual(complaints.splice(0), [])
  })

  const newChannel = () => `chat:hooks-${++channels}`

  const open = async (user: string) => {
    const tab = await browser.newPage()
    tab.setDefaultTimeout(30_000)
    tab.on("pageerror", ({ message }) => complaints.push(message))
    tab.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text())
    })
    await tab.goto(`http://${server.http}/hooks/`)
    await tab.waitForFunction(() => "HookPage" in globalThis)
    await tab.evaluate((name) => {
      const global = globalThis as unknown as Global
      global.page = new global.HookPage(name)
    }, user)
    const look = <A>(what: (page: HookPage) => A) =>
      tab.evaluate(`(${what})(globalThis.page)`) as Promise<A>
    const render = (...probes: ReadonlyArray<object>) =>
      tab.evaluate((all) => (globalThis as unknown as Global).page.render(all), probes)
    const view = (id: string) =>
      tab.evaluate((name) => (globalThis as unknown as Global).page.views[name], id)
    const until = (what: string, check: (page: HookPage) => unknown) =>
      waitUntil(what, async () => Boolean(await look(check)))
    const dataOf = async (id: string) =>
      (await view(id)).publications.map(({ data }: { data: unknown }) => data)
    /** What was asked of the server for a channel; the first time inside of `connect`. */
    const sent = async (type: string, channel: string) => {
      const frames = (await look(({ sent }) => sent)).flatMap((frame): ReadonlyArray<Frame> => {
        const { subscriptions = [] } = frame.payload
        return [
          frame,
          ...subscriptions.map((payload) => ({ type: "subscribe", payload: { ...payload } }))
        ]
      })
      return frames
        .filter((frame) => frame.type === type && frame.payload.channel === channel)
        .map(({ payload }) => payload)
    }
    return { dataOf, look, render, sent, tab, until, view }
  }

  it("connect the client, and show how it is and who it is", async () => {
    const { render, until, view } = await open("ann")

    await render({ id: "me", hook: "connection" })
    await until("it is connected", ({ views }) => views["me"]?.state === "connected")

    assert.deepStrictEqual(await view("me"), {
      state: "connected",
      user: "ann",
      failure: undefined
    })
  })

  it("share one subscription, made once with all that they ask", async () => {
    const channel = newChannel()
    for (const n of [1, 2, 3]) await service.publish(channel, n)
    const { dataOf, look, render, sent, until } = await open("ann")

    await render(
      { id: "a", hook: "channel", channel },
      { id: "b", hook: "channel", channel, options: { rewind: 2 } },
      { id: "who", hook: "presence", channel, options: { member: { colour: "teal" } } }
    )
    await until("the past is here", ({ views }) => views["b"]?.publications.length === 2)
    await service.publish(channel, 4)
    await until("4 is here", ({ views }) => views["a"]?.publications.length === 3)

    assert.deepStrictEqual(await dataOf("a"), [2, 3, 4])
    assert.deepStrictEqual(await dataOf("b"), [2, 3, 4])
    assert.deepStrictEqual((await look(({ heard }) => heard))["b"], [2, 3, 4])
    assert.deepInclude((await sent("subscribe", channel))[0], {
      rewind: { last: 2 },
      member: { data: { colour: "teal" } },
      presence: true
    })
    assert.lengthOf(await sent("subscribe", channel), 1)
    assert.isEmpty(await sent("unsubscribe", channel))
  })

  it("keep as many publications as they are told", async () => {
    const channel = newChannel()
    const { dataOf, render, until } = await open("ann")
    await render({ id: "a", hook: "channel", channel, options: { keep: 2 } })
    await until("it is live", ({ views }) => views["a"]?.isLive)

    for (const n of [1, 2, 3]) await service.publish(channel, n)
    await until("all were heard", ({ heard }) => heard["a"]?.length === 3)

    assert.deepStrictEqual(await dataOf("a"), [2, 3])
  })

  it("publish and signal", async () => {
    const channel = newChannel()
    const other = await listen(service, channel)
    const { look, render, until } = await open("ann")
    await render({ id: "a", hook: "channel", channel })
    await until("it is live", ({ views }) => views["a"]?.isLive)

    await look(({ views }) => views["a"].publish("hi"))
    await other.has(1)
    await until("it is shown here, too", ({ views }) => views["a"]?.publications.length === 1)
    const signalled = await look(({ views }) => views["a"].signal("typing"))
    other.subscription.signal("me, too")
    await until("the signal is heard", ({ heard }) => heard["a"]?.includes("me, too"))

    assert.deepStrictEqual(other.data(), ["hi"])
    assert.isTrue(signalled)
    other.subscription.unsubscribe()
  })

  it("change the channel: leave the one, and begin anew with the other", async () => {
    const [old, next] = [newChannel(), newChannel()]
    await service.publish(old, "old")
    await service.publish(next, "next")
    const { dataOf, render, sent, until } = await open("ann")
    const options = { rewind: 10 }
    await render({ id: "a", hook: "channel", channel: old, options })
    await until("the old is here", ({ views }) => views["a"]?.publications.length === 1)

    await render({ id: "a", hook: "channel", channel: next, options })
    await until("the next is here", ({ views }) => views["a"]?.publications[0]?.data === "next")

    assert.deepStrictEqual(await dataOf("a"), ["next"])
    assert.lengthOf(await sent("unsubscribe", old), 1)
    assert.lengthOf(await sent("subscribe", next), 1)
  })

  it("read what was before, when one comes later to a channel that is live", async () => {
    const channel = newChannel()
    for (const n of [1, 2, 3]) await service.publish(channel, n)
    const { dataOf, render, until } = await open("ann")
    const first = { id: "a", hook: "channel", channel }
    await render(first)
    await until("it is live", ({ views }) => views["a"]?.isLive)

    await render(first, { id: "b", hook: "channel", channel, options: { rewind: 2 } })
    await until("the past is here", ({ views }) => views["b"]?.publications.length === 2)
    await service.publish(channel, 4)
    await until("4 is here", ({ views }) => views["b"]?.publications.length === 3)

    assert.deepStrictEqual(await dataOf("a"), [4])
    assert.deepStrictEqual(await dataOf("b"), [2, 3, 4])
  })

  it("show who comes and goes, and are there themselves while they are mounted", async () => {
    const channel = newChannel()
    const { render, until, view } = await open("ann")
    await render({ id: "who", hook: "presence", channel, options: { member: "me" } })
    await until("ann is there", ({ views }) => views["who"]?.members.length === 1)

    const { subscription } = await listen(service, channel, { member: "a service" })
    await until("the service has come", ({ views }) => views["who"]?.members.length === 2)
    const here = await view("who")
    const users = here.members.map(({ data, user }: { data: unknown; user: string }) => [
      user,
      data
    ])
    subscription.unsubscribe()
    await until("the service has gone", ({ views }) => views["who"]?.members.length === 1)
    await render()
    await waitUntil("nobody is there", async () => {
      const { memberCount } = await service.presence(channel, { counts: true })
      return memberCount === 0
    })

    assert.isTrue(here.isComplete)
    assert.deepStrictEqual(users, [
      ["ann", "me"],
      ["service", "a service"]
    ])
  })

  it("lose nothing and repeat nothing when something else is asked meanwhile", async () => {
    const channel = newChannel()
    const { dataOf, render, sent, until } = await open("ann")
    const list = { id: "a", hook: "channel", channel }
    const who = (member: number) => ({ id: "who", hook: "presence", channel, options: { member } })
    await render(list)
    await until("it is live", ({ views }) => views["a"]?.isLive)

    const all = Array.from({ length: 60 }, (_, n) => n)
    for (const n of all) {
      const published = service.publish(channel, n)
      if (n % 10 === 5) await render(list, who(n))
      await published
    }
    await until("the last is in the roster", ({ views }) => views["who"]?.members[0]?.data === 55)
    await until("all are here", ({ views }) => views["a"]?.publications.length >= 60)

    assert.deepStrictEqual(await dataOf("a"), all)
    assert.isAbove((await sent("subscribe", channel)).length, 1)
  })

  it("go on after a cut with what was missed", async () => {
    const channel = newChannel()
    const { dataOf, look, render, until, view } = await open("ann")
    await render({ id: "a", hook: "channel", channel })
    await until("it is live", ({ views }) => views["a"]?.isLive)
    await service.publish(channel, 1)

    await look((page) => page.cut())
    await service.publish(channel, 2)
    await until("2 is here", ({ views }) => views["a"]?.publications.length === 2)

    assert.deepStrictEqual(await dataOf("a"), [1, 2])
    assert.isUndefined((await view("a")).gap)
  })

  it("say why a channel was refused", async () => {
    const { look, render, until } = await open("ann")

    await render({ id: "a", hook: "channel", channel: "nowhere:a" })
    await until("it is refused", ({ views }) => views["a"]?.error)

    assert.strictEqual(await look(({ views }) => views["a"].error.code), "unknown_namespace")
  })

  it("tell who has forgotten the provider what to do", async () => {
    const { look } = await open("ann")

    await look((page) => page.render([{ id: "a", hook: "client" }], false))
    const [error] = await waitUntil("it has failed", async () => {
      const errors = await look(({ errors }) => errors)
      return errors.length > 0 && errors
    })

    assert.include(error, "<WeirProvider client={…}>")
    complaints.splice(0)
  })
})
