import { assert, describe, it } from "@effect/vitest"
import { type AuditEvent, AuditVerifier, auditLine, noLines } from "./AuditLine.ts"

const event = (target: string): AuditEvent => ({
  ...{ at: 1_800_000_000_000, actor: "backend", address: "192.0.2.7", action: "ban" },
  ...{ target, result: "ok", requestId: "r-1", detail: "" }
})

const chain = (count: number): ReadonlyArray<string> => {
  let head = noLines
  return Array.from({ length: count }, (_, index) => {
    const next = auditLine(event(`user u${index}`), head)
    head = next.head
    return next.line
  })
}

const verify = (lines: ReadonlyArray<string>) => {
  const verifier = new AuditVerifier()
  for (const line of lines) verifier.add(line)
  return verifier.result
}

describe("the audit trail", () => {
  it("is whole as it was written, from its beginning or from any line", () => {
    const lines = chain(5)
    const whole = verify(lines)
    assert.strictEqual(whole._tag, "Whole")
    const later = verify(lines.slice(2))
    assert.deepStrictEqual(
      [whole, later].map((it) => it._tag === "Whole" && it.first),
      [1, 3]
    )
    assert.deepStrictEqual(
      [whole, later].map((it) => it._tag === "Whole" && it.head.number),
      [5, 5]
    )
  })

  it("says what, who, whom and when", () => {
    const { head, line } = auditLine(event("user ann"), noLines)
    assert.deepStrictEqual(JSON.parse(line), {
      ...{ number: 1, time: "2027-01-15T08:00:00.000Z", actor: "backend", address: "192.0.2.7" },
      ...{ action: "ban", target: "user ann", result: "ok", requestId: "r-1", detail: "" },
      previous: noLines.hash
    })
    assert.strictEqual(head.number, 1)
  })

  it.each([
    ["changed", (lines: Array<string>) => lines.with(1, lines[1]!.replace("u1", "u9")), 2],
    ["changed by a space", (lines: Array<string>) => lines.with(1, `${lines[1]} `), 2],
    ["taken out", (lines: Array<string>) => lines.toSpliced(2, 1), 4],
    ["put in", (lines: Array<string>) => lines.toSpliced(2, 0, lines[1]!), 2],
    ["exchanged", (lines: Array<string>) => [lines[0]!, lines[2]!, lines[1]!], 3],
    [
      "taken from the beginning and renumbered",
      (lines: Array<string>) => lines.slice(1).map((it) => it.replace('"number":2', '"number":1')),
      1
    ],
    ["replaced by something else", (lines: Array<string>) => lines.with(3, "{}"), 4]
  ])("is not whole where a line was %s", (_title, change, number) => {
    const result = verify(change([...chain(5)]))
    assert.strictEqual(result._tag, "Broken")
    assert.strictEqual(result._tag === "Broken" && result.number, number)
  })
})
