import v8 from "node:v8"
import vm from "node:vm"
import { describe, expect, it } from "vitest"
import { TransientMap } from "./TransientMap.ts"

v8.setFlagsFromString("--expose-gc")
const collect = vm.runInNewContext("gc") as (options: { type: "minor" | "major" }) => void

interface Entries {
  set(key: number, value: unknown): void
  delete(key: number): boolean
}

const kilobytes = 8_000

/** What is still held, in kilobytes, of as many that were set and deleted, each of one. */
const heldAfterChurn = (entries: Entries): number => {
  // In the old generation, as what was idle for a while is.
  collect({ type: "major" })
  collect({ type: "minor" })
  const before = v8.getHeapStatistics().used_heap_size
  for (let id = 0; id < kilobytes; id++) {
    entries.set(id, new Array(128).fill(id))
    entries.delete(id - 64)
    if (id % 500 === 0) collect({ type: "minor" })
  }
  collect({ type: "minor" })
  collect({ type: "minor" })
  return (v8.getHeapStatistics().used_heap_size - before) / 1024
}

describe("TransientMap", () => {
  it("holds nothing of what was deleted, where a Map does", () => {
    const held = heldAfterChurn(new TransientMap())
    const heldByMap = heldAfterChurn(new Map())
    expect({ held: held < 1_000, heldByMap: heldByMap > 4_000 }).toEqual({
      held: true,
      heldByMap: true
    })
  })

  it("keeps every entry, in order, while it is made anew", () => {
    const entries = new TransientMap<number, string>()
    const expected = new Map<number, string>()
    for (let id = 0; id < 2_000; id++) {
      entries.set(id, `${id}`)
      expected.set(id, `${id}`)
      if (id % 7 === 0) continue
      expect(entries.delete(id)).toBe(expected.delete(id))
    }
    expect(entries.size).toBe(expected.size)
    expect(entries.get(7)).toBe("7")
    expect(entries.delete(8)).toBe(false)
    expect(entries.takeAll()).toEqual([...expected.values()])
    expect(entries.size).toBe(0)
  })
})
