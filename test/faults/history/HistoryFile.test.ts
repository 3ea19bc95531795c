import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, assert, beforeEach, describe, it } from "@effect/vitest"
import { digest, type HistoryEvent, now } from "./History.ts"
import { readHistory, writeHistory } from "./HistoryFile.ts"

const exited = (t: number, process: string): HistoryEvent => ({
  ...{ t, type: "exit", process, expected: true }
})

describe("A history in files", () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "weir-history-"))
  })
  afterEach(() => rm(directory, { recursive: true }))

  const file = (name: string) => join(directory, name)

  const write = (name: string, events: ReadonlyArray<HistoryEvent>) => {
    const writer = writeHistory(file(name))
    for (const event of events) writer.record(event)
    writer.close()
    return file(name)
  }

  it("comes back as one, in order of time", async () => {
    const one = write("one", [exited(1, "a"), exited(4, "d"), exited(4, "e")])
    const two = write("two", [exited(2, "b"), exited(3, "ç")])
    const events = await readHistory([one, two])
    assert.deepStrictEqual(events, [
      ...[exited(1, "a"), exited(2, "b"), exited(3, "ç"), exited(4, "d"), exited(4, "e")]
    ])
  })

  it("holds far more than the writer's buffer", async () => {
    const events = Array.from({ length: 20_000 }, (_, index) => exited(index, `process ${index}`))
    assert.deepStrictEqual(await readHistory([write("many", events)]), events)
  })

  it("is in the file once flushed, before it is closed", async () => {
    const writer = writeHistory(file("open"))
    writer.record(exited(1, "a"))
    writer.flush()
    assert.deepStrictEqual(await readHistory([file("open")]), [exited(1, "a")])
    writer.close()
  })

  it("may end in the middle of a line, where its process was killed", async () => {
    const path = write("killed", [exited(1, "a")])
    await appendFile(path, '{"t":2,"type":"ex')
    assert.deepStrictEqual(await readHistory([path]), [exited(1, "a")])
  })

  it("is refused if a line within is none", async () => {
    await writeFile(file("bad"), '{"t":1}\nnonsense\n{"t":2}\n')
    const refused = await readHistory([file("bad")]).catch((error: Error) => error.message)
    assert.strictEqual(refused, `${file("bad")}:2 is no event: nonsense`)
  })
})

describe("The clock and the digest of a history", () => {
  it("never goes back", () => {
    const readings = Array.from({ length: 1000 }, now)
    assert.deepStrictEqual(
      readings.toSorted((a, b) => a - b),
      readings
    )
  })

  it("tells data apart, as text or bytes", () => {
    assert.strictEqual(digest("ä"), digest(new TextEncoder().encode("ä")))
    assert.notStrictEqual(digest("a"), digest("b"))
    assert.strictEqual(digest("a").length, 12)
  })
})
