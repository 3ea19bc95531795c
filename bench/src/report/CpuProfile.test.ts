import { assert, describe, it } from "@effect/vitest"
import { sharesOf } from "./CpuProfile.ts"

const frame = (id: number, functionName: string, url = "") => ({
  id,
  callFrame: { functionName, url }
})

describe("CpuProfile", () => {
  it("tells whose code the time was spent in, without the time of nothing to do", () => {
    const shares = sharesOf({
      nodes: [
        frame(1, "(idle)"),
        frame(2, "writev"),
        frame(3, "(program)"),
        frame(4, "(garbage collector)"),
        frame(5, "emit", "node:events"),
        frame(6, "push", "file:///weir/node_modules/@grpc/grpc-js/build/a.js"),
        frame(7, "run", "file:///weir/node_modules/effect/dist/Effect.js"),
        frame(8, "deliver", "file:///weir/services/connector/src/ChannelFeed.ts"),
        frame(9, "writev", "file:///weir/libs/x.ts")
      ],
      samples: [1, 2, 3, 4, 5, 6, 7, 8, 9],
      timeDeltas: [1_000, 40, 10, 10, 10, 10, 10, 5, 5]
    })

    assert.deepStrictEqual(shares, {
      "socket writes": 0.4,
      "kernel and native": 0.1,
      "garbage collection": 0.1,
      node: 0.1,
      "grpc-js": 0.1,
      libraries: 0.1,
      weir: 0.1
    })
  })

  it("says nothing of a process that did nothing", () => {
    const shares = sharesOf({ nodes: [frame(1, "(idle)")], samples: [1, 1], timeDeltas: [5, 5] })

    assert.strictEqual(shares.weir, 0)
  })
})
