import { assert, describe, it } from "@effect/vitest"
import { check } from "./Check.ts"
import { at, Story, three } from "./Story.fixture.ts"
import type { CheckOptions, Invariant } from "./Violation.ts"

const brokenBy = (story: Story, options: Partial<CheckOptions> = {}) =>
  check(story.events, { class: "A", ...options })

const flags = (
  invariant: Invariant,
  story: Story,
  explanation: string,
  options: Partial<CheckOptions> = {}
) => {
  const { violations } = brokenBy(story, options)
  assert.deepStrictEqual(
    violations.map((violation) => [violation.invariant, violation.explanation]),
    [[invariant, `chat:a: ${explanation}`]]
  )
  assert.isNotEmpty(violations[0]!.events)
}

const passes = (story: Story, options: Partial<CheckOptions> = {}) =>
  assert.deepStrictEqual(brokenBy(story, options).violations, [])

/** Everybody got everything. */
const whole = () =>
  three(new Story().subscribed("s1", at(0)))
    .got("s1", "m1", at(1))
    .got("s1", "m2", at(2))
    .got("s1", "m3", at(3))

describe("What subscribers get was published", () => {
  it("I1: a phantom is found", () => {
    const story = whole().got("s1", "m9", at(4)).log({ 4: "m9" })
    const { violations } = brokenBy(story)
    // The subscriber's and the log's are one entry.
    assert.deepStrictEqual(
      violations.map(({ explanation, invariant }) => [invariant, explanation]),
      [["I1", "chat:a: s1 got m9 at 4, which nobody never published"]]
    )
  })

  it("I1: wrong bytes are found", () => {
    const story = three(new Story().subscribed("s1", at(0)))
      .got("s1", "m1", at(1))
      .got("s1", "m2", at(2), { sha: "other" })
      .got("s1", "m3", at(3))
      .log()
    flags("I1", story, "s1 got m2 at 2 with other bytes than w1 published")
  })

  it("I1: what is there before it was published is found", () => {
    const story = whole()
    story.got("s1", "m4", at(4), { publisher: "w1" }).publish("w1", "m4", at(4)).log()
    flags("I1", story, "s1 got m4 at 4 before w1 published it")
  })

  it("I2: what failed for certain is found with a subscriber", () => {
    const story = whole().invoke("w1", "m4").fail("w1", "m4").got("s1", "m4", at(4))
    flags("I2", story.log({ 4: "m4" }), "s1 got m4 at 4, though it failed for certain")
  })

  it("what nobody knows the outcome of may be there, or not", () => {
    passes(whole().invoke("w1", "m4").info("w1", "m4").log())
    passes(whole().invoke("w1", "m4").info("w1", "m4").got("s1", "m4", at(4)).log({ 4: "m4" }))
    passes(whole().invoke("w1", "m4").got("s1", "m4", at(4)).log({ 4: "m4" }))
  })

  it("what failed and succeeded when tried again may be there", () => {
    const story = whole().invoke("w1", "m4").fail("w1", "m4").publish("w1", "m4", at(4))
    passes(story.got("s1", "m4", at(4)).log())
    const unknown = whole().invoke("w1", "m4").fail("w1", "m4").invoke("w1", "m4").info("w1", "m4")
    passes(unknown.got("s1", "m4", at(4)).log({ 4: "m4" }))
  })
})

describe("Everybody sees one log", () => {
  const rivals = () =>
    new Story()
      .subscribed("s1", at(0))
      .subscribed("s2", at(0))
      .invoke("w1", "m1")
      .invoke("w2", "n1")
      .ok("w1", "m1", at(1))
      .info("w2", "n1")
      .got("s1", "m1", at(1))

  it("I3: two messages at one position are found", () => {
    flags("I3", rivals().got("s2", "n1", at(1)).log(), "at 1 of e1 are both m1 and n1")
  })

  it("I3: two messages at one offset under two terms are found, unless divergence was injected", () => {
    const story = rivals().got("s2", "n1", at(1, 2)).log()
    flags("I3", story, "at 1 of e1 are both m1 and n1")
    passes(story, { divergence: true })
  })

  it("I3: a message under two terms is found", () => {
    const story = rivals().got("s2", "m1", at(1, 2)).log()
    flags("I3", story, "at 1 of e1 m1 has the terms 1 and 2")
  })

  it("I3: what was delivered and never appended is found", () => {
    const story = whole().invoke("w1", "m4").info("w1", "m4").got("s1", "m4", at(4)).log()
    flags("I3", story, "s1 got m4 at 4 of e1, where the log has nothing")
  })

  it("I4: two positions of one message are found, while its id is remembered", () => {
    const story = whole().got("s1", "m1", at(4)).log({ 4: "m1" })
    flags("I4", story, "m1 is at 1 and at 4 of e1")
  })

  it("I4: two positions are found, even if the log has one of them only", () => {
    flags("I4", whole().got("s1", "m1", at(4)).log(), "m1 is at 1 and at 4 of e1")
  })

  it("I4: an id that is forgotten may be used again", () => {
    const story = whole().publish("w1", "m1", at(4)).got("s1", "m1", at(4)).log({ 4: "m1" })
    passes(story, { window: 5 })
  })

  it("I10: a term that goes down is found", () => {
    const story = new Story()
      .subscribed("s1", at(0))
      .publish("w1", "m1", at(1, 2))
      .publish("w1", "m2", at(2, 1))
      .got("s1", "m1", at(1, 2))
      .got("s1", "m2", at(2, 1))
    const down = "in e1 the term goes down from 2 at 1 to 1 at 2"
    flags("I10", story.log(), down)
  })
})

describe("A subscriber misses nothing without being told", () => {
  const begun = () => three(new Story().subscribed("s1", at(0)))

  it("I5: swapped publications are found", () => {
    const story = begun().got("s1", "m1", at(1)).got("s1", "m3", at(3)).got("s1", "m2", at(2))
    flags("I5", story.log(), "s1 got 2 of e1 after 3")
  })

  it("I5: a publication from before the subscription is found", () => {
    const story = three().subscribed("s1", at(3)).got("s1", "m2", at(2)).log()
    flags("I5", story, "s1 got 2 of e1, where 4 was to come")
  })

  it("I5: a change of epoch that nobody told is found", () => {
    const story = whole()
      .publish("w1", "m4", at(1, 2, "e2"))
      .got("s1", "m4", at(1, 2, "e2"))
    flags("I5", story, "s1 went from e1 to e2 untold", { logged: () => false })
  })

  it("I6: a hole is found", () => {
    const story = begun().got("s1", "m1", at(1)).got("s1", "m3", at(3)).log()
    flags("I6", story, "s1 missed 2 of e1")
    assert.strictEqual(brokenBy(story).counts.silentGaps, 1)
  })

  it("I6: a hole before the first is found", () => {
    flags("I6", begun().got("s1", "m3", at(3)).log(), "s1 missed 1–2 of e1")
  })

  it("I6: a hole beside a gap that was told is found", () => {
    const story = begun().gap("s1", "dropped", at(2), 2, 2).got("s1", "m3", at(3)).log()
    flags("I6", story, "s1 missed 1 of e1")
  })

  it("I6: a resume from beyond what came is found", () => {
    const story = begun().got("s1", "m1", at(1)).close("s1").recovered("s1", at(2), at(3))
    flags("I6", story.got("s1", "m3", at(3)).log(), "s1 missed 2 of e1")
  })

  it("I6: a hole behind a gap that was told is found", () => {
    flags("I6", begun().gap("s1", "dropped", at(3), 1, 1).log(), "s1 missed 2–3 of e1")
  })

  it("I6: a hole before a resume that was refused is found", () => {
    const story = begun().got("s1", "m1", at(1)).close("s1")
    flags("I6", story.refused("s1", at(2), "limit", at(3), 4).log(), "s1 missed 2 of e1")
  })

  it("I5: going back within an epoch that nobody told is found", () => {
    const story = new Story().subscribed("s1", at(0)).publish("w1", "m1", at(1))
    story.invoke("w1", "m2").info("w1", "m2").got("s1", "m1", at(1)).got("s1", "m2", at(2))
    story.publish("w1", "m3", at(2, 2)).got("s1", "m3", at(2, 2)).log()
    flags("I5", story, "s1 went back from 2 to 2 of e1 untold", { class: "B" })
  })

  it("I6: a last publication that did not come is found", () => {
    const story = begun().got("s1", "m1", at(1)).got("s1", "m2", at(2)).log()
    flags("I6", story, "s1 is connected at the end, and lacks 3 of e1")
  })

  it("I6: one who stays in an old epoch is found", () => {
    const story = whole().publish("w1", "m4", at(1, 2, "e2"))
    const explanation = "s1 is in e1 at the end, and the channel in e2"
    flags("I6", story, explanation, { logged: () => false })
  })

  it("I13: one who does not come back is found", () => {
    const story = begun().got("s1", "m1", at(1)).close("s1").log()
    flags("I13", story, "s1 did not come back, and lacks 2–3 of e1")
  })

  it("what is told is no hole", () => {
    passes(begun().gap("s1", "dropped", at(2), 1, 2).got("s1", "m3", at(3)).log())
    passes(begun().gap("s1", "trimmed", at(2)).got("s1", "m3", at(3)).log({}, { floor: 3 }))
    const resumed = begun().got("s1", "m1", at(1)).close("s1")
    passes(resumed.refused("s1", at(1), "limit", at(3), 3).got("s1", "m3", at(3)).log())
  })

  it("a resume goes on where it was, and may bring some of it again", () => {
    const story = begun().got("s1", "m1", at(1)).got("s1", "m2", at(2)).close("s1")
    story.recovered("s1", at(1), at(3)).got("s1", "m2", at(2)).got("s1", "m3", at(3)).log()
    passes(story)
    assert.strictEqual(brokenBy(story).counts.duplicates, 1)
  })

  it("a subscriber of the newest only may skip offsets, but not the last", () => {
    const latest: Partial<CheckOptions> = { delivery: () => "latest" }
    passes(begun().got("s1", "m3", at(3)).log(), latest)
    const story = begun().got("s1", "m2", at(2)).log()
    flags("I6", story, "s1 is connected at the end, and lacks 3 of e1", latest)
  })

  it("one who was let go may lack what came later", () => {
    passes(three(new Story().subscribed("s1", at(0)).close("s1", true)).log())
  })

  it("an SDK that is connected again is subscribed again", () => {
    const story = begun().called("s1", "m1", at(1)).close("s1").connected("s1")
    passes(story.called("s1", "m2", at(2)).called("s1", "m3", at(3)).log())
  })

  it("one who begins at the head gets what is published from then on", () => {
    const story = three().subscribed("s1", at(3)).publish("w1", "m4", at(4))
    passes(story.got("s1", "m4", at(4)).log())
  })
})

describe("What was acknowledged is kept", () => {
  it.each([
    ["prefix", 1],
    ["middle", 2],
    ["postfix", 3]
  ])("I7: a loss in the %s is found", (part, offset) => {
    const explanation = `w1's m${offset}, acknowledged at ${offset}, is not in the log (${part})`
    const story = whole().log({ [offset]: undefined })
    flags("I7", story, explanation)
    assert.deepInclude(brokenBy(story).counts.lost, { [part]: 1 })
  })

  it("I7: a log that nobody read at the end is found", () => {
    flags("I7", whole(), "has acknowledged publications and no final log")
  })

  it("what is trimmed is not lost", () => {
    passes(whole().log({}, { floor: 3 }))
  })

  /** m3 is lost with its owner; w1 goes on under the next. */
  const rolledBack = () =>
    whole().publish("w1", "m4", at(3, 2)).gap("s1", "rolled_back", at(2)).got("s1", "m4", at(3, 2))

  it("in class B it may be rolled back, if those who have it are told", () => {
    const story = rolledBack().log({ 3: "m4" })
    passes(story, { class: "B" })
    assert.strictEqual(brokenBy(story, { class: "B" }).counts.lost.middle, 1)
  })

  it("in class B the id of what was rolled back may be used again", () => {
    const story = rolledBack().publish("w1", "m3", at(4, 2)).got("s1", "m3", at(4, 2))
    passes(story.log({ 3: "m4" }), { class: "B" })
  })

  it("in class B a callback is not called again for what comes back at another offset", () => {
    const story = three(new Story().subscribed("s1", at(0)))
      .called("s1", "m1", at(1))
      .called("s1", "m2", at(2))
      .called("s1", "m3", at(3))
      .publish("w1", "m4", at(3, 2))
      .gap("s1", "rolled_back", at(2))
      .called("s1", "m4", at(3, 2))
      .publish("w1", "m3", at(4, 2))
      .publish("w1", "m5", at(5, 2))
      .called("s1", "m5", at(5, 2))
    passes(story.log({ 3: "m4" }), { class: "B" })
  })

  it("I7: in class B a loss that one who has it is not told of is found", () => {
    const story = whole().log({ 3: undefined })
    const explanation =
      "w1's m3, acknowledged at 3, is not in the log (postfix), and s1, who has it, was not told"
    flags("I7", story, explanation, { class: "B" })
  })

  it("I7: in class B a loss that one who should have got it is not told of is found", () => {
    const story = three(new Story().subscribed("s1", at(0)))
    story.got("s1", "m1", at(1)).got("s1", "m2", at(2)).log({ 3: undefined })
    const explanation =
      "w1's m3, acknowledged at 3, is not in the log (postfix), and s1, who should have got it, was not told"
    flags("I7", story, explanation, { class: "B" })
  })

  it("in class B a loss is no concern of who left, or came later", () => {
    passes(whole().close("s1", true).log({ 3: undefined }), { class: "B" })
    passes(three().subscribed("s1", at(3)).log({ 3: undefined }), { class: "B" })
  })

  it("in class B what nobody knew the outcome of may be rolled back, if it is told", () => {
    const story = whole().invoke("w1", "m4").info("w1", "m4").got("s1", "m4", at(4))
    passes(story.gap("s1", "rolled_back", at(3)).log(), { class: "B" })
  })

  it("in class B a log may begin anew, if everybody is told", () => {
    const story = whole()
      .publish("w1", "m4", at(1, 2, "e2"))
      .close("s1")
    story.refused("s1", at(3), "epoch_changed", at(0, 2, "e2")).got("s1", "m4", at(1, 2, "e2"))
    passes(story.log({}, { epoch: "e2" }), { class: "B" })
  })

  it("an unlogged channel may get a new epoch, if everybody is told", () => {
    const story = whole().gap("s1", "epoch_changed", at(0, 2, "e2"))
    story.publish("w1", "m4", at(1, 2, "e2")).got("s1", "m4", at(1, 2, "e2"))
    passes(story, { logged: () => false })
  })
})

describe("The log is in the order of the publications", () => {
  it("I8: what was acknowledged first and stands behind is found", () => {
    const story = new Story().publish("w1", "m1", at(2)).publish("w2", "n1", at(1)).log()
    flags("I8", story, "m1 was acknowledged at 2 before n1 was published, which is at 1")
  })

  it("I8: the furthest that was acknowledged counts, not the last", () => {
    const story = new Story().invoke("w1", "m1").invoke("w2", "n1").ok("w1", "m1", at(3))
    story.ok("w2", "n1", at(1)).publish("w3", "o1", at(2)).log()
    flags("I8", story, "m1 was acknowledged at 3 before o1 was published, which is at 2")
  })

  it("I8: what was published after a subscription and stands before it is found", () => {
    const story = new Story().invoke("w1", "m1").subscribed("s1", at(2)).invoke("w2", "n1")
    story.ok("w2", "n1", at(1)).ok("w1", "m1", at(2)).log()
    flags("I8", story, "s1 was subscribed from 2 before n1 was published, which is at 1")
  })

  it("I9: pipelined publications that are swapped are found", () => {
    const story = new Story().invoke("w1", "m1").invoke("w1", "m2")
    story.ok("w1", "m2", at(1)).ok("w1", "m1", at(2)).log()
    flags("I9", story, "w1 published m1 before m2, and they are at 2 and 1")
  })

  it("I9: one of unknown outcome that the log has in the wrong place is found", () => {
    const story = new Story().invoke("w1", "m1").invoke("w1", "m2").info("w1", "m1")
    story.ok("w1", "m2", at(1)).log({ 2: "m1" })
    flags("I9", story, "w1 published m1 before m2, and they are at 2 and 1")
  })

  describe("I9: a new epoch", () => {
    const unlogged = { logged: () => false }
    const swapped = "w1 published m1 before m2, and they are at 2 and 1"
    const sent = () => new Story().subscribed("s1", at(0)).invoke("w1", "m1").invoke("w1", "m2")
    /** m1, sent once more, comes behind m2 in the next epoch. */
    const ended = (story: Story) =>
      story
        .gap("s1", "epoch_changed", at(0, 2, "e2"))
        .ok("w1", "m2", at(1, 2, "e2"))
        .got("s1", "m2", at(1, 2, "e2"))
        .ok("w1", "m1", at(2, 2, "e2"))
        .got("s1", "m1", at(2, 2, "e2"))

    it("may have once more what an owner that died may have published", () => {
      passes(ended(sent().info("w1", "m1")), unlogged)
    })

    it("may not swap what never was in doubt", () => {
      flags("I9", ended(sent()), swapped, unlogged)
    })

    it("may have once more what an owner took that was stopped, and went on for a moment", () => {
      const begun = () =>
        new Story()
          .subscribed("s1", at(0))
          .publish("w2", "n0", at(1))
          .got("s1", "n0", at(1))
          .invoke("w2", "n1")
          .gap("s1", "epoch_changed", at(0, 2, "e2"))
          .publish("w3", "n2", at(1, 2, "e2"))
          .got("s1", "n2", at(1, 2, "e2"))
          .invoke("w1", "m1")
      const swapped = (story: Story) =>
        story
          .invoke("w1", "m2")
          .info("w1", "m1")
          .ok("w1", "m2", at(2, 2, "e2"))
          .got("s1", "m2", at(2, 2, "e2"))
          .ok("w1", "m1", at(3, 2, "e2"))
          .got("s1", "m1", at(3, 2, "e2"))
      passes(swapped(begun().ok("w2", "n1", at(2))), unlogged)
      flags("I9", swapped(begun()), "w1 published m1 before m2, and they are at 3 and 2", unlogged)
    })

    it("may not swap what was sent since it began", () => {
      const begun = new Story().subscribed("s1", at(0, 2, "e2"))
      const story = begun.publish("w2", "n1", at(1, 2, "e2")).got("s1", "n1", at(1, 2, "e2"))
      story.invoke("w1", "m1").invoke("w1", "m2").info("w1", "m1")
      story.ok("w1", "m2", at(2, 2, "e2")).got("s1", "m2", at(2, 2, "e2"))
      story.ok("w1", "m1", at(3, 2, "e2")).got("s1", "m1", at(3, 2, "e2"))
      flags("I9", story, "w1 published m1 before m2, and they are at 3 and 2", unlogged)
    })
  })

  it("publications of two processes at the same time have no order", () => {
    const story = new Story().invoke("w1", "m1").invoke("w2", "n1")
    passes(story.ok("w2", "n1", at(1)).ok("w1", "m1", at(2)).log())
  })

  it("a retry may come behind what was published since", () => {
    const story = new Story().invoke("w1", "m1").info("w1", "m1").publish("w1", "m2", at(1))
    passes(story.publish("w1", "m1", at(2)).log())
  })

  it("a retry is answered with the position of the first attempt", () => {
    const story = new Story().invoke("w1", "m1").info("w1", "m1").publish("w2", "n1", at(2))
    passes(story.invoke("w1", "m1").ok("w1", "m1", at(1), true).log())
  })
})

describe("What a resume or a gap says is true", () => {
  const cut = () => whole().close("s1")

  it("I11: recovered on another line of the log is found", () => {
    const story = cut().recovered("s1", at(3, 9), at(3)).log()
    flags(
      "I11",
      story,
      `s1 was told "recovered" after 3, and it is of term 9, and the log has 1 there`
    )
  })

  it("I11: recovered in another epoch is found", () => {
    const story = cut().recovered("s1", at(3), at(3, 2, "e2"))
    const explanation = `s1 was told "recovered" after 3, and it is in e2, not e1`
    flags("I11", story, explanation, { logged: () => false })
  })

  it("I11: recovered that does not go on where it was is found", () => {
    const story = three(new Story().subscribed("s1", at(0))).close("s1")
    story.recovered("s1", at(0), at(3), 4)
    const { violations } = brokenBy(story.log())
    assert.includeMembers(
      violations.map(({ explanation }) => explanation),
      [`chat:a: s1 was told "recovered" after 0, and it goes on at 4`]
    )
  })

  it.each([
    ["trimmed", "the log still begins at 1"],
    ["rolled_back", "Redis lost nothing"],
    ["epoch_changed", "the epoch is still e1"],
    ["limit", "nothing is left out before 4"],
    ["tired", "tired is no reason"]
  ])("I11: %s that is not so is found", (reason, why) => {
    const story = cut().refused("s1", at(3), reason, at(3)).log()
    flags("I11", story, `s1 was told "${reason}" after 3, and ${why}`)
  })

  it("I11: in class B, rolled back from where the log still is is found", () => {
    const story = cut().refused("s1", at(3), "rolled_back", at(3)).log()
    const explanation = `s1 was told "rolled_back" after 3, and the log still has 3`
    flags("I11", story, explanation, { class: "B", divergence: false })
  })

  it("I11: a gap for no reason is found", () => {
    const story = whole().gap("s1", "epoch_changed", at(3)).log()
    const explanation = `s1 was told of a gap "epoch_changed", and the epoch is still e1`
    flags("I11", story, explanation)
  })

  it("the gap that an SDK announces behind a refused resume is not judged again", () => {
    const story = three(new Story().subscribed("s1", at(0)))
      .called("s1", "m1", at(1))
      .close("s1")
    story.refused("s1", at(1), "limit", at(3), 3).gap("s1", "limit", at(2), 2, 2)
    passes(story.called("s1", "m3", at(3)).log())
  })
})

describe("A callback, nodes and shards", () => {
  it("I12: a callback that sees a publication twice is found; a frame may come twice", () => {
    const begun = () => new Story().subscribed("s1", at(0)).publish("w1", "m1", at(1))
    const story = begun().called("s1", "m1", at(1)).called("s1", "m1", at(1)).log()
    flags("I12", story, "s1's callback saw m1 twice, at 1 and 1")
    passes(begun().got("s1", "m1", at(1)).got("s1", "m1", at(1)).log())
  })

  const foundOfNodes = (story: Story) =>
    brokenBy(story).violations.map(({ explanation, invariant }) => [invariant, explanation])

  it("I13: two owners at the end are found", () => {
    const story = new Story().own("r1", "acquired", 1).own("r2", "acquired", 2)
    assert.deepStrictEqual(foundOfNodes(story), [["I13", "shard 7: r1 and r2 own it at the end"]])
    passes(story.own("r1", "lost", 1))
  })

  it("I13: two who took a shard with one term are found", () => {
    const story = new Story().own("r1", "acquired", 1).own("r1", "released", 1)
    assert.deepStrictEqual(foundOfNodes(story.own("r2", "acquired", 1)), [
      ["I13", "shard 7: r1 and r2 both took it with term 1"]
    ])
  })

  it("one who was killed owns nothing any more", () => {
    passes(new Story().own("r1", "acquired", 1).exit("r1", true).own("r2", "acquired", 2))
  })

  it("I16: a process that ends by itself is found", () => {
    const story = new Story().exit("router-1", false)
    assert.deepStrictEqual(foundOfNodes(story), [["I16", "router-1 ended, and no fault did it"]])
  })
})

describe("The judgement", () => {
  it("counts", () => {
    const story = whole().invoke("w1", "m4").fail("w1", "m4").invoke("w1", "m5").info("w1", "m5")
    const { counts } = brokenBy(story.log())
    const { acked, delivered, failed, published, unknown } = counts
    assert.deepStrictEqual(
      { acked, delivered, failed, published, unknown },
      { acked: 3, delivered: 3, failed: 1, published: 5, unknown: 1 }
    )
  })

  it("keeps few of many violations, and counts all", () => {
    const story = new Story()
    for (let index = 0; index < 1000; index++) story.exit(`p${index}`, false)
    const { counts, violations } = brokenBy(story)
    assert.strictEqual(violations.length, 100)
    assert.strictEqual(counts.violations.I16, 1000)
  })

  it("puts the events in order first", () => {
    const { events } = whole().log()
    assert.isEmpty(check(events.toReversed(), { class: "A" }).violations)
  })
})
