import { assert, describe, it } from "@effect/vitest"
import { defaultLimits } from "@weir/config/Settings"
import { makeConnection } from "./Connection.fixture.ts"
import type { Connector } from "./Connector.ts"
import type { Events } from "./domain/RetainedEvents.ts"
import { framingOf } from "./Framing.ts"
import { HttpSessions } from "./HttpSessions.ts"
import { Session } from "./Session.ts"
import type { Lost } from "./SessionAccess.ts"

/** A connector that welcomes everybody, and the sessions that it has. */
const makeSessions = (unreadMs: number, limits = defaultLimits) => {
  const closed: Array<number> = []
  let session: Session | undefined
  const connector: Connector["Service"] = {
    newId: () => "connector-1.secret",
    connectionsFrom: () => 0,
    sessions: () => new Set(),
    open: (transport, framing) => {
      const connection = makeConnection({
        framing,
        write: (chunk) => transport.write(chunk),
        close: (code) => transport.close(code, ""),
        flusher: { add: (it) => it.flush(0), isBusy: true }
      })
      session = new Session({
        ...{ newId: () => "connector-1.other", connection, limits },
        ...{ admitted: { exempt: true, from: "" }, nowMillis: 0 }
      })
      return session
    },
    received: (session) => {
      session.phase = "connected"
      session.connection.send({ $case: "pong", value: {} })
    },
    controlled: () => {},
    closed: (_, code) => void closed.push(code)
  }
  const sessions = new HttpSessions({ connector, limits, unreadMs })
  sessions.open(Buffer.from("{}"), { exempt: true, from: "" }, () => {})
  return {
    sessions,
    closed,
    say: () => session!.connection.send({ $case: "ping", value: {} }),
    heardAt: () => session!.lastReceivedAt
  }
}

const id = "connector-1.secret"

describe("a session that reads by events", () => {
  it("ends when nobody has read it for its time, and not before", () => {
    const { closed, sessions } = makeSessions(45_000)
    const opened = Date.now()

    sessions.sweep(opened + 44_000)
    assert.isEmpty(closed)
    sessions.sweep(opened + 46_000)
    assert.lengthOf(closed, 1)
    let lost: Lost | undefined
    sessions.commands(id, Buffer.from("{}"), (it) => {
      lost = it
    })
    assert.strictEqual(lost, "unknown")
  })

  it("does not end while somebody reads", () => {
    const { closed, sessions } = makeSessions(45_000)
    const { left } = sessions.poll(id, undefined, () => {})
    sessions.sweep(Date.now() + 3_600_000)
    assert.isEmpty(closed)
    left()
    sessions.sweep(Date.now() + 3_600_000)
    assert.lengthOf(closed, 1)
  })

  it("answers a poll in the time of a heartbeat, as nothing is silent for longer", async () => {
    const { sessions } = makeSessions(45_000, { ...defaultLimits, heartbeatMs: 20 })

    const { lines } = await new Promise<Events>((resolve) => {
      sessions.poll(id, undefined, (it) => resolve(it as Events))
    })

    assert.isEmpty(lines)
  })

  it("answers the same to the same cursor, until that is acknowledged", () => {
    const { say, sessions } = makeSessions(45_000)
    const ask = (cursor: number) => {
      let answered: Events | Lost | undefined
      sessions.poll(id, cursor, (it) => {
        answered = it
      })
      return answered as Events
    }
    say()
    const first = ask(1)
    say()
    assert.deepStrictEqual(ask(1), first)
    assert.strictEqual(ask(2).cursor, 3)
    assert.strictEqual(ask(1) as unknown, "gone")
  })

  it("goes on when a request comes late that asks for what is acknowledged", () => {
    const { closed, say, sessions } = makeSessions(45_000)
    const answers: Array<Events | Lost> = []
    const ask = (cursor: number) => sessions.poll(id, cursor, (it) => answers.push(it))
    say()
    ask(1)
    ask(2)
    ask(1)
    say()

    assert.deepStrictEqual(
      answers.map((it) => (typeof it === "string" ? it : it.cursor)),
      [2, "gone", 3]
    )
    assert.isEmpty(closed)
  })

  it("shows by each request for more that it lives", () => {
    const { heardAt, sessions } = makeSessions(45_000)
    assert.strictEqual(heardAt(), 0)
    sessions.poll(id, 1, () => {}).left()
    assert.isAbove(heardAt(), 0)
  })

  it("is over in its time, whoever asks for what is not kept", () => {
    const { closed, sessions } = makeSessions(45_000)
    const opened = Date.now()
    sessions.poll(id, 0, () => {})

    sessions.sweep(opened + 46_000)
    assert.lengthOf(closed, 1)
  })

  it("has one reader: a newer one ends the older", () => {
    const { say, sessions } = makeSessions(45_000)
    const heard: Array<string> = []
    const reader = (name: string) => ({
      lost: () => {},
      beat: () => {},
      end: () => void heard.push(`${name} ended`),
      take: ({ cursor }: Events) => heard.push(`${name} ${cursor}`) > 0
    })
    sessions.events(id, undefined, reader("first"))
    say()
    const { left } = sessions.events(id, 1, reader("second"))
    say()
    left()
    assert.deepStrictEqual(heard, ["first 2", "first ended", "second 2", "second 3"])
  })

  it("says goodbye with the code and the time to come back, and is over", () => {
    const { closed, sessions } = makeSessions(45_000)
    let text = ""
    const heard: Array<string> = []
    sessions.events(id, undefined, {
      lost: () => {},
      beat: () => {},
      end: () => void heard.push("end"),
      take: ({ lines }) => {
        text = Buffer.from(lines[0]!).toString()
        return true
      }
    })
    sessions.closeAll()
    const { payload, type } = JSON.parse(text)
    assert.strictEqual(type, "goaway")
    assert.deepStrictEqual(payload, { code: 3001, closeInMs: 0, afterMs: { min: 100, max: 3000 } })
    assert.deepStrictEqual(heard, ["end"])
    assert.isFalse(sessions.hasReaders)
    assert.isEmpty(closed)
  })

  it("is closed once, whether its goodbye is read or not", async () => {
    const { closed, sessions } = makeSessions(45_000)
    sessions.closeAll()
    await Promise.resolve()
    assert.deepStrictEqual(closed, [3001])

    sessions.sweep(Date.now() + 3_600_000)
    assert.deepStrictEqual(closed, [3001])
  })

  it("is framed as lines, whatever the client says of batches", () => {
    assert.strictEqual(framingOf("json", true, "events"), framingOf("json", false, "events"))
  })
})
