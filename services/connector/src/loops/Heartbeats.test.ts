import { assert, describe, it } from "@effect/vitest"
import { defaultLimits, type Limits } from "@weir/config/Settings"
import { makeConnection } from "../Connection.fixture.ts"
import { Session } from "../Session.ts"
import { Heartbeats } from "./Heartbeats.ts"

const start = 1_700_000_000_000
const { connectTimeoutMs, heartbeatMs } = defaultLimits
const pongTimeoutMs = 8_000

const identityUntil = (expiresAt: number) => ({
  ...{ user: "ann", tokenId: "", issuedAt: start, expiresAt, capabilities: [] }
})

/** One client under heartbeats whose sweeps come when the test says. */
const makeClient = (over: Partial<Limits> = {}, carrier: "websocket" | "events" = "websocket") => {
  const heard: Array<string> = []
  let now = start
  const write = (frame: Uint8Array) => {
    heard.push(/"type":"(\w+)"/.exec(Buffer.from(frame).toString("latin1"))![1]!)
    return true
  }
  const close = (code: number) => void heard.push(String(code))
  const beat = () => void heard.push("beat")
  const connection = makeConnection({
    nowMillis: start,
    flusher: { add: (it) => it.flush(now), isBusy: true },
    ...{ write, close },
    transport: carrier === "events" ? { write, close, beat } : { write, close }
  })
  const session = new Session({
    newId: () => "c.1",
    address: carrier === "events" ? "c.1" : undefined,
    connection,
    limits: { ...defaultLimits, ...over },
    admitted: { exempt: true, from: "" },
    nowMillis: start
  })
  const heartbeats = new Heartbeats(start)
  heartbeats.watch(session)
  return {
    session,
    heard,
    connect: (expiresAt = start + 86_400_000) => {
      session.phase = "connected"
      session.resumeAs(undefined, identityUntil(expiresAt))
      heartbeats.watch(session)
    },
    refresh: (expiresAt: number) => {
      session.refresh(identityUntil(expiresAt))
      heartbeats.watch(session)
    },
    says: () => {
      session.lastReceivedAt = now
    },
    isSent: () => {
      connection.lastSentAt = now
    },
    /** A sweep a second until then, or one that is late. */
    sweepUntil: (end: number, step = 1_000) => {
      while (now < end) {
        now = Math.min(now + step, end)
        heartbeats.sweep(now)
      }
    },
    forget: () => heartbeats.forget(session)
  }
}

describe("heartbeats", () => {
  it("end a connection that does not say who it is in time", () => {
    const client = makeClient()
    client.sweepUntil(start + connectTimeoutMs - 1)
    assert.deepStrictEqual(client.heard, [])

    client.sweepUntil(start + connectTimeoutMs + 1_000)
    assert.deepStrictEqual(client.heard, ["3502"])
  })

  it("ask who was told nothing for a heartbeat, and again after the next", () => {
    const client = makeClient()
    client.connect()
    client.sweepUntil(start + heartbeatMs - 1)
    assert.deepStrictEqual(client.heard, [])

    client.sweepUntil(start + heartbeatMs + 1_000)
    client.says()
    assert.deepStrictEqual(client.heard, ["ping"])

    client.sweepUntil(start + 2 * (heartbeatMs + 1_000))
    assert.deepStrictEqual(client.heard, ["ping", "ping"])
  })

  it("ask as often as they are set to, also more often than an answer may take", () => {
    const client = makeClient({ heartbeatMs: 2_000 })
    client.connect()
    for (let now = start; now <= start + 12_000; now += 1_000) {
      client.sweepUntil(now)
      client.says()
    }
    // A sweep a second finds each after three at the latest.
    assert.isAtLeast(client.heard.length, 4)
  })

  it("ask nobody who is being sent something and answers", () => {
    const client = makeClient()
    client.connect()
    for (let now = start; now < start + 4 * heartbeatMs; now += heartbeatMs / 2) {
      client.sweepUntil(now)
      client.isSent()
      client.says()
    }
    assert.deepStrictEqual(client.heard, [])
  })

  it("end who is being sent something, and is not heard of", () => {
    const client = makeClient()
    client.connect()
    for (let now = start; now <= start + heartbeatMs + pongTimeoutMs + 2_000; now += 1_000) {
      client.sweepUntil(now)
      client.isSent()
    }
    assert.deepStrictEqual(client.heard, ["ping", "3012"])
  })

  it("wait for no answer of one that reads by events and has never given any", () => {
    const client = makeClient({}, "events")
    client.connect()
    client.sweepUntil(start + 3 * (heartbeatMs + 1_000))
    assert.deepStrictEqual(client.heard, ["beat", "beat", "beat"])
  })

  it("end one that reads by events, once it has said that it answers, and does not", () => {
    const client = makeClient({}, "events")
    client.connect()
    client.session.answersBeats = true
    for (let now = start; now <= start + heartbeatMs + pongTimeoutMs + 2_000; now += 1_000) {
      client.sweepUntil(now)
      client.isSent()
    }
    assert.deepStrictEqual(client.heard, ["beat", "3012"])
  })

  it("ask who has become old to leave, and end who stays", () => {
    const client = makeClient({ connectionMaxAgeSeconds: 100 })
    client.connect()
    const answerUntil = (end: number) => {
      for (let now = start; now <= end; now += 1_000) {
        client.sweepUntil(now)
        client.says()
        client.isSent()
      }
    }
    answerUntil(start + 79_000)
    assert.deepStrictEqual(client.heard, [])
    answerUntil(start + 129_000)
    assert.deepStrictEqual(client.heard, ["goaway", "3011"])
  })

  it("let everybody grow old where there is no limit", () => {
    const client = makeClient({ connectionMaxAgeSeconds: 0 })
    client.connect(start + 10 * 86_400_000)
    for (let now = start; now < start + 86_400_000; now += 20_000) {
      client.sweepUntil(now, 20_000)
      client.says()
      client.isSent()
    }
    assert.deepStrictEqual(client.heard, [])
  })

  it("end who does not answer in time, and not before", () => {
    const client = makeClient()
    client.connect()
    client.sweepUntil(start + heartbeatMs + pongTimeoutMs - 1)
    assert.deepStrictEqual(client.heard, ["ping"])

    client.sweepUntil(start + heartbeatMs + pongTimeoutMs + 2_000)
    assert.deepStrictEqual(client.heard, ["ping", "3012"])
  })

  it("warn of a token's end, then end the connection after the leeway", () => {
    const client = makeClient()
    const expiresAt = start + 100_000
    client.connect(expiresAt)
    const isTold = (what: string) => client.heard.includes(what)
    const answerUntil = (end: number) => {
      for (let now = start; now <= end; now += 1_000) {
        client.sweepUntil(now)
        client.says()
      }
    }
    answerUntil(expiresAt - 61_000)
    assert.isFalse(isTold("expiring"))
    answerUntil(expiresAt - 59_000)
    assert.isTrue(isTold("expiring"))
    answerUntil(expiresAt + 29_000)
    assert.isFalse(isTold("3005"))
    answerUntil(expiresAt + 31_000)
    assert.isTrue(isTold("3005"))
  })

  it("warn within a sweep of a new token that ends sooner than the old one", () => {
    const client = makeClient()
    client.connect()
    client.sweepUntil(start + 5_000)
    client.refresh(start + 30_000)

    client.sweepUntil(start + 7_000)
    assert.deepStrictEqual(client.heard, ["expiring"])
  })

  it("end nobody for a pause of the whole process, once", () => {
    const client = makeClient()
    client.connect()
    client.sweepUntil(start + heartbeatMs + 1_000)
    const resumed = start + heartbeatMs + pongTimeoutMs + 10_000
    client.sweepUntil(resumed, Number.POSITIVE_INFINITY)
    assert.deepStrictEqual(client.heard, ["ping"])

    // Still nothing was read from it: it had its chance.
    client.sweepUntil(resumed + 1_000)
    assert.deepStrictEqual(client.heard, ["ping", "3012"])
  })

  it("look no more after whom they are told to forget", () => {
    const client = makeClient()
    client.connect()
    client.forget()
    client.sweepUntil(start + 4 * heartbeatMs)
    assert.deepStrictEqual(client.heard, [])
  })
})
