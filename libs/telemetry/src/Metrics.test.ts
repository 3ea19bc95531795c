import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { counter, counterBy, gauge, histogram } from "./Metrics.ts"

const linesOf = (name: string) =>
  Effect.map(PrometheusMetrics.format(), (text) =>
    text.split("\n").filter((line) => line.includes(name))
  )

describe("Metrics", () => {
  it.effect("tells of a counter before it has counted", () =>
    Effect.gen(function* () {
      counter("test_early_total", "What came early")
      assert.deepStrictEqual(yield* linesOf("test_early_total"), [
        "# HELP test_early_total What came early",
        "# TYPE test_early_total counter",
        "test_early_total 0"
      ])
    })
  )

  it.effect("tells, whenever it is read, what a counter has counted until then", () =>
    Effect.gen(function* () {
      const bytes = counter("test_bytes_total", "Bytes")
      bytes.add()
      bytes.add(9)
      assert.include(yield* linesOf("test_bytes_total"), "test_bytes_total 10")
      // Beyond what fits 32 bits.
      bytes.add(2 ** 40)
      assert.include(yield* linesOf("test_bytes_total"), `test_bytes_total ${2 ** 40 + 10}`)
    })
  )

  it.effect("lets a gauge go up and down", () =>
    Effect.gen(function* () {
      const open = gauge("test_open", "Open", { transport: "sse" })
      open.add(3)
      open.add(-1)
      assert.include(yield* linesOf("test_open"), 'test_open{transport="sse"} 2')
    })
  )

  it.effect("sorts what it observes into buckets", () =>
    Effect.gen(function* () {
      const observe = histogram("test_wait_seconds", "Waits", [0.1, 1])
      for (const value of [0.05, 0.5, 0.5, 5]) observe(value)
      const lines = yield* linesOf("test_wait_seconds")
      for (const line of [
        'test_wait_seconds_bucket{le="0.1"} 1',
        'test_wait_seconds_bucket{le="1"} 3',
        'test_wait_seconds_bucket{le="+Inf"} 4',
        "test_wait_seconds_sum 6.05",
        "test_wait_seconds_count 4"
      ]) {
        assert.include(lines, line)
      }
    })
  )

  it.effect("counts each value of a label apart", () =>
    Effect.gen(function* () {
      const failures = counterBy("test_failures_total", "Failures", "code")
      failures("denied").add()
      failures("limited").add()
      failures("denied").add()
      const lines = yield* linesOf("test_failures_total{")
      assert.sameMembers(lines, [
        'test_failures_total{code="denied"} 2',
        'test_failures_total{code="limited"} 1'
      ])
    })
  )
})
