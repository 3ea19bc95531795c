import { assert, describe, it } from "@effect/vitest"
import { defaultLimits } from "@weir/config/Settings"
import { makeConnection } from "./Connection.fixture.ts"
import { Session } from "./Session.ts"
import { shedSome } from "./Shedding.ts"

/** Clients in the order in which they came; `closed` names who was sent away, and how. */
const makeSessions = (count: number) => {
  const closed: Array<readonly [name: number, code: number, reason: string]> = []
  const sessions = Array.from({ length: count }, (_, name) => {
    const connection = makeConnection({
      write: () => true,
      transport: {
        write: () => true,
        close: (code, reason) => closed.push([name, code, reason])
      },
      flusher: { add: () => {}, isBusy: false }
    })
    const session = new Session({
      ...{ newId: () => `c.${name}`, connection, limits: defaultLimits },
      ...{ admitted: { exempt: true, from: "" }, nowMillis: 0 }
    })
    session.phase = "connected"
    return session
  })
  return { closed, sessions }
}

describe("a node that has hardly any memory left", () => {
  it("sends away the youngest of those who are idle, one of a hundred at a time", () => {
    const { closed, sessions } = makeSessions(300)
    sessions[299]!.lastReceivedAt = 9_000
    sessions[298]!.begin(1)
    sessions[297]!.phase = "new"
    sessions[296]!.connection.lastSentAt = 9_000
    const all = new Set(sessions)

    assert.strictEqual(shedSome(all, 10_000), 3)
    const reason = "rebalance;after=0-5000"
    assert.deepStrictEqual(
      closed,
      [293, 294, 295].map((name) => [name, 3011, reason])
    )
    // Who is on its way out is not counted once more.
    shedSome(all, 10_000)
    assert.deepStrictEqual(
      closed.slice(3).map(([name]) => name),
      [290, 291, 292]
    )
  })

  it("sends nobody away who hears something", () => {
    const { closed, sessions } = makeSessions(3)
    assert.strictEqual(shedSome(new Set(sessions), 4_999), 0)
    assert.isEmpty(closed)
  })
})
