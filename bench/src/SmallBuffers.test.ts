import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { missing, mostBufferBytes, run } from "./SmallBuffers.ts"

const setting = "/proc/sys/net/ipv4/tcp_wmem"

describe("small buffers", () => {
  it.effect("are those of the command that runs with them, or it is said what they need", () =>
    Effect.gen(function* () {
      const before = readFileSync(setting, "utf8")
      const why = missing()

      // Where they cannot be, the command does not run either.
      const code = yield* run(["sh", "-c", `grep -q "${mostBufferBytes}$" ${setting}`])

      assert.strictEqual(code === 0, why === undefined, why)
      if (why !== undefined) assert.match(why, /^small buffers need /)
      assert.strictEqual(readFileSync(setting, "utf8"), before)
    })
  )
})
