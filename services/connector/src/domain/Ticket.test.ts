import { assert, describe, it } from "@effect/vitest"
import { Failure } from "@weir/core/Failure"
import type { Identity } from "@weir/core/Identity"
import { sign, type Ticket, ticketKey, verify } from "./Ticket.ts"

const newest = ticketKey("k2", new Uint8Array(32).fill(2))
const older = ticketKey("k1", new Uint8Array(32).fill(1))
const ann: Identity = {
  user: "ann",
  tokenId: "t-1",
  issuedAt: 1_000,
  expiresAt: 9_000,
  capabilities: [{ pattern: "chat:*", verbs: ["subscribe", "publish"] }]
}

const why = (result: Ticket | Failure) => (result instanceof Failure ? result.message : "accepted")

describe("Ticket", () => {
  it("gives back the identity and the session that it was signed for", () => {
    const ticket = sign([newest, older], "connector-1.abc", ann)
    assert.deepStrictEqual(verify([newest, older], ticket, 5_000) as Ticket, {
      identity: ann,
      sessionId: "connector-1.abc",
      isCurrent: true
    })
  })

  it("is as good as a new one until another key signs", () => {
    const ticket = sign([older], "connector-1.abc", ann)
    const verified = verify([older], ticket, 5_000) as Ticket
    assert.isTrue(verified.isCurrent)
    assert.strictEqual(sign([older], verified.sessionId, verified.identity), ticket)
    assert.isFalse((verify([newest, older], ticket, 5_000) as Ticket).isCurrent)
  })

  it("is accepted while its key is live, and not after", () => {
    const ticket = sign([older], "connector-1.abc", ann)
    assert.strictEqual(why(verify([newest, older], ticket, 5_000)), "accepted")
    assert.match(why(verify([newest], ticket, 5_000)), /not one of ours/)
  })

  it("is not called bad where no key is known yet", () => {
    const result = verify([], sign([newest], "connector-1.abc", ann), 5_000)
    assert.strictEqual(result instanceof Failure && result.code, "unavailable")
  })

  it("does not outlive its token", () => {
    const ticket = sign([newest], "connector-1.abc", ann)
    assert.strictEqual(why(verify([newest], ticket, 8_999)), "accepted")
    assert.match(why(verify([newest], ticket, 9_000)), /expired/)
  })

  it("refuses a ticket of which anything was changed", () => {
    const parts = sign([newest], "connector-1.abc", ann).split(".")
    const [id, who, may, mac] = parts as [string, string, string, string]
    const changed = (text: string, from: string, to: string) =>
      Buffer.from(Buffer.from(text, "base64url").toString().replace(from, to)).toString("base64url")
    /** The same where only the lower byte is looked at. */
    const wide = (text: string) => String.fromCharCode(text.charCodeAt(0) + 0x100) + text.slice(1)
    const forged = [
      `${id}.${wide(who)}.${may}.${mac}`,
      `${id}.${who}.${wide(may)}.${mac}`,
      `${id}.${changed(who, "ann", "eve")}.${may}.${mac}`,
      `${id}.${who}.${changed(may, "chat", "live")}.${mac}`,
      `${id}.${who}${may}..${mac}`,
      `k1.${who}.${may}.${mac}`,
      `${id}.${who}.${may}.${mac.slice(0, -2)}`,
      `${id}.${who}.${may}.`,
      `${id}.${who}.${may}`,
      `${id}.${who}.${mac}`,
      `${id}.${who}.${may}.${mac}.x`,
      "",
      "x".repeat(5_000)
    ]
    for (const ticket of forged) {
      assert.match(why(verify([newest, older], ticket, 5_000)), /^ticket: /, ticket.slice(0, 80))
    }
  })

  it("is not given out without a key, or where it would be too long", () => {
    const many = Array.from({ length: 200 }, (_, n) => ({
      pattern: `chat:a-rather-long-room-name-${n}`,
      verbs: ["subscribe" as const]
    }))
    assert.strictEqual(sign([], "connector-1.abc", ann), "")
    assert.strictEqual(sign([newest], "connector-1.abc", { ...ann, capabilities: many }), "")
  })

  it("gives those who may do the same one value", () => {
    const of = (user: string) =>
      verify([newest], sign([newest], user, { ...ann, user }), 5_000) as Ticket
    assert.strictEqual(of("eve").identity.capabilities, of("bob").identity.capabilities)
    assert.strictEqual(of("bob").identity.user, "bob")
  })
})
