import { assert, describe, it } from "@effect/vitest"
import { defaultLimits } from "@weir/config/Settings"
import type { Identity } from "@weir/core/Identity"
import { Connect } from "@weir/proto/client/v1/client"
import { Effect, Exit } from "effect"
import { type ConnectDeps, connect } from "./Connect.ts"
import { makeConnection } from "./Connection.fixture.ts"
import { NodeAdmission } from "./domain/NodeAdmission.ts"
import { sign, ticketKey } from "./domain/Ticket.ts"
import { Session } from "./Session.ts"

const identity: Identity = {
  ...{ user: "ann", tokenId: "t", capabilities: [] },
  ...{ issuedAt: Date.now(), expiresAt: Date.now() + 3_600_000 }
}
const keys = [ticketKey("k", new Uint8Array(32))]
const ticket = sign(keys, "connector-9.mine", identity)

/** A node to which as many come back as `returning`, all at this moment. */
const makeNode = (returning: number) => {
  const admission = new NodeAdmission({
    rate: { perSecond: 100, burst: 10 },
    nowMillis: performance.now(),
    random: () => 0.5
  })
  for (let n = 0; n < returning; n++) admission.returned(performance.now())
  const deps = {
    admission,
    features: [],
    trust: { ticketKeys: () => keys },
    auth: {
      ask: (_: string, answer: (it: Exit.Exit<Identity>) => void) => answer(Exit.succeed(identity))
    }
  } as unknown as ConnectDeps

  const come = (credential: { readonly token: string } | { readonly ticket: string }) => {
    const answers: Array<{
      readonly type: string
      readonly payload: { readonly code?: string; readonly retryAfterMs?: number }
    }> = []
    const connection = makeConnection({
      write: (frame) => {
        const text = Buffer.from(frame).toString()
        answers.push(JSON.parse(text.slice(text.indexOf("{"))))
        return true
      },
      flusher: { add: (it) => it.flush(0), isBusy: false }
    })
    const session = new Session({
      ...{ newId: () => "connector-1.new", connection, limits: defaultLimits },
      ...{ exempt: true, nowMillis: Date.now() }
    })
    let rest: Effect.Effect<void> | undefined
    session.phase = "connecting"
    const request = Connect.create({ versions: ["1"], ...credential })
    connect(deps, session, 1, request, (it) => {
      rest = it
    })
    return {
      session,
      connection,
      types: () => answers.map(({ type }) => type),
      answers,
      rest: () => rest
    }
  }
  return { admission, come }
}

describe("connect, while many come back", () => {
  it("is answered at once to who comes back, too", () => {
    const { come } = makeNode(5_000)
    const { rest, session, types } = come({ ticket })
    assert.deepStrictEqual([types(), rest()], [["connected"], undefined])
    assert.strictEqual(session.id, "connector-9.mine")
  })

  it("is answered to a newcomer when it is its turn, without a second try", async () => {
    const { admission, come } = makeNode(5_000)
    while (admission.newcomer(performance.now()) === 0);

    const { rest, types } = come({ token: "t" })

    assert.isEmpty(types())
    await Effect.runPromise(rest()!)
    assert.deepStrictEqual(types(), ["connected"])
  })

  it("is not answered to a newcomer who has left meanwhile", async () => {
    const { admission, come } = makeNode(5_000)
    while (admission.newcomer(performance.now()) === 0);
    const { connection, rest, session, types } = come({ token: "t" })

    connection.gone(1006)
    await Effect.runPromise(rest()!)

    assert.deepStrictEqual([types(), session.phase], [[], "connecting"])
  })

  it("is refused for now behind a long line, on a connection that stays open for long enough", () => {
    const { admission, come } = makeNode(5_000)
    while (typeof admission.newcomer(performance.now()) === "number");
    const before = Date.now()

    const { answers, connection, session } = come({ token: "t" })

    const [{ payload, type }] = answers as [(typeof answers)[0]]
    assert.deepInclude(payload, { code: "too_many_requests" })
    assert.deepStrictEqual([type, session.phase, connection.closed], ["error", "new", false])
    assert.isAtLeast(session.awaitingConnectSince, before + payload.retryAfterMs!)
  })
})
