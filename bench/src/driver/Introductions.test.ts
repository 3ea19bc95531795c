import { assert, describe, it } from "@effect/vitest"
import { type IntroductionName, loadIntroduction } from "./Introductions.ts"

/** What the server is told, and what comes of its answer. */
const meet = async (name: IntroductionName, credential: string, answer: string) => {
  const tickets: Array<string> = []
  let isReady = false
  const dialect = (await loadIntroduction(name))((ticket) => tickets.push(ticket))
  const sink = {
    ready: () => {
      isReady = true
    },
    publication: () => {},
    send: () => {}
  }
  const hello = JSON.parse(String(dialect.hello!("", credential)))
  const bytes = Buffer.from(`..${answer}..`)
  const hear = () => dialect.reader(sink, "")(bytes, 2, bytes.length - 2)
  return { hello, hear, isReady: () => isReady, tickets }
}

const connected = JSON.stringify({ type: "connected", id: 1, payload: { ticket: "t-2" } })

describe("an introduction to Weir", () => {
  it("shows a token, and keeps the ticket it is given", async () => {
    const { hear, hello, isReady, tickets } = await meet("weir-token", "jwt", connected)
    assert.strictEqual(hello.payload.token, "jwt")

    hear()

    assert.isTrue(isReady())
    assert.deepStrictEqual(tickets, ["t-2"])
  })

  it("shows a ticket instead of a token", async () => {
    const { hello } = await meet("weir-ticket", "t-1", connected)

    assert.strictEqual(hello.payload.ticket, "t-1")
    assert.notProperty(hello.payload, "token")
  })

  it("does not count a refusal as a handshake", async () => {
    const refused = JSON.stringify({ type: "error", id: 1, payload: { code: "unavailable" } })
    const { hear, isReady } = await meet("weir-token", "jwt", refused)

    assert.throws(hear, /unavailable/)
    assert.isFalse(isReady())
  })
})

describe("an introduction to bare ws", () => {
  it("says as much as Weir's client does, and takes any answer", async () => {
    const weir = await meet("weir-token", "jwt", connected)
    const { hear, hello, isReady } = await meet("ws", "jwt", "whatever")
    assert.deepStrictEqual(hello, weir.hello)

    hear()

    assert.isTrue(isReady())
  })
})
