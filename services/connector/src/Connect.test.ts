import { assert, describe, it } from "@effect/vitest"
import { defaultLimits } from "@weir/config/Settings"
import { type Failure, failure } from "@weir/core/Failure"
import type { Identity } from "@weir/core/Identity"
import type { RestrictionKind, RestrictionTarget } from "@weir/core/Restriction"
import { Restrictions } from "@weir/core/Restrictions"
import type { AuditNote } from "@weir/mesh/AuditNotes"
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

const sentenced = (kind: RestrictionKind, target: RestrictionTarget): Restrictions => {
  const restrictions = new Restrictions()
  const at = Date.now()
  restrictions.put({ kind, target, at, until: at + 60_000, reason: "" })
  return restrictions
}

interface Known {
  readonly restrictions?: Restrictions
  /** What auth answers; absent: it need not be asked. */
  readonly asked?: Effect.Effect<{ readonly sentence: string }, Failure>
  /** Is there a place for one more of the user's connections? Absent: they are not counted. */
  readonly claim?: (place: string, limit: number) => boolean
}

/** A node to which as many come back as `returning`, all at this moment. */
const makeNode = (
  returning: number,
  { asked, claim, restrictions = new Restrictions() }: Known = {}
) => {
  const noted: Array<AuditNote> = []
  const left: Array<string> = []
  const limits = { ...defaultLimits, connectionsPerUser: claim === undefined ? 0 : 7 }
  const admission = new NodeAdmission({
    rate: { perSecond: 100, burst: 10 },
    nowMillis: performance.now(),
    random: () => 0.5
  })
  for (let n = 0; n < returning; n++) admission.returned(performance.now())
  const deps = {
    admission,
    features: [],
    trust: {
      ticketKeys: () => keys,
      restrictions: () => restrictions,
      isStale: () => asked !== undefined
    },
    restrictions: { check: () => asked },
    announcements: {
      claim: (place: string, _: unknown, limit: number) => Effect.sync(() => claim!(place, limit)),
      leave: (place: string) => left.push(place)
    },
    notes: { note: (it: AuditNote) => noted.push(it) },
    auth: {
      ask: (_: string, answer: (it: Exit.Exit<Identity>) => void) => answer(Exit.succeed(identity))
    }
  } as unknown as ConnectDeps

  const come = (credential: { readonly token: string } | { readonly ticket: string }) => {
    const answers: Array<{
      readonly type: string
      readonly payload: { readonly code?: string; readonly retryAfterMs?: number }
    }> = []
    let closedWith: number | undefined
    const connection = makeConnection({
      write: (frame) => {
        const text = Buffer.from(frame).toString()
        answers.push(JSON.parse(text.slice(text.indexOf("{"))))
        return true
      },
      close: (code) => {
        closedWith = code
      },
      flusher: { add: (it) => it.flush(0), isBusy: false }
    })
    const session = new Session({
      ...{ newId: () => "connector-1.new", connection, limits },
      ...{ admitted: { exempt: true, from: "" }, nowMillis: Date.now() }
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
      closedWith: () => closedWith,
      types: () => answers.map(({ type }) => type),
      answers,
      rest: () => rest
    }
  }
  return { admission, come, left, noted }
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

describe("connect, where somebody may not be here", () => {
  const user = { type: "user", value: "ann" } as const
  const closing = async (known: Known, credential: { ticket: string } | { token: string }) => {
    const { come, noted } = makeNode(0, known)
    const { answers, closedWith, rest } = come(credential)
    await Effect.runPromise(rest() ?? Effect.void)
    return { closedWith: closedWith(), answers, noted }
  }

  it.each([
    ["a token that was revoked", { token: "t" }, "revoke", 3505],
    ["a ticket of before", { ticket }, "revoke", 3505],
    ["a banned user's token", { token: "t" }, "ban", 3506],
    ["a banned user's ticket", { ticket }, "ban", 3506]
  ] as const)(
    "ends with the right code for %s, and is written down",
    async (_, credential, kind, code) => {
      const { answers, closedWith, noted } = await closing(
        { restrictions: sentenced(kind, user) },
        credential
      )
      assert.deepStrictEqual([closedWith, answers], [code, []])
      assert.deepStrictEqual(
        noted.map(({ action, actor, result }) => [action, actor, result]),
        [["connect", "ann", kind === "ban" ? "banned" : "revoked"]]
      )
    }
  )

  it("asks auth where it was not heard for a while, and does as it says", async () => {
    const fine = await closing({ asked: Effect.succeed({ sentence: "" }) }, { ticket })
    assert.deepStrictEqual(
      fine.answers.map(({ type }) => type),
      ["connected"]
    )

    const revoked = await closing({ asked: Effect.succeed({ sentence: "revoked" }) }, { ticket })
    assert.deepStrictEqual([revoked.closedWith, revoked.answers], [3505, []])
  })

  it("lets nobody in whom nobody can judge, and tells them to come again", async () => {
    const asked = Effect.fail(failure("unavailable", "no auth node is up", 700))
    const { answers, closedWith } = await closing({ asked }, { ticket })
    assert.isUndefined(closedWith)
    assert.deepInclude(answers[0]!.payload, { code: "unavailable", retryAfterMs: 700 })
  })
})

describe("connect, where a user's connections are counted", () => {
  it("is answered to who has a place, which is given back by who has left meanwhile", async () => {
    const asked: Array<unknown> = []
    const claim = (...question: ReadonlyArray<unknown>) => asked.push(question) > 0
    const { come, left } = makeNode(0, { claim })
    const stays = come({ token: "t" })
    await Effect.runPromise(stays.rest()!)
    assert.deepStrictEqual([stays.types(), stays.session.seat], [["connected"], "$user:ann"])

    const leaves = come({ ticket })
    leaves.connection.gone(1006)
    await Effect.runPromise(leaves.rest()!)
    assert.deepStrictEqual([leaves.types(), leaves.session.seat], [[], undefined])
    assert.deepStrictEqual(
      [left, asked],
      [
        ["$user:ann"],
        [
          ["$user:ann", 7],
          ["$user:ann", 7]
        ]
      ]
    )
  })

  it("ends with 3504 for who has none", async () => {
    const { come } = makeNode(0, { claim: () => false })
    const { closedWith, rest, types } = come({ token: "t" })
    await Effect.runPromise(rest()!)
    assert.deepStrictEqual([closedWith(), types()], [3504, []])
  })
})
