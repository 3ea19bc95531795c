/**
 * The house, as it stands: every rule, held against the real tree.
 */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { nearlyTooLong } from "./architecture/FileRules.ts"
import { makeHouse } from "./architecture/House.ts"
import { describeViolation, rules } from "./architecture/Rules.ts"

const repository = fileURLToPath(new URL("..", import.meta.url))
const isOutside = (name: string) => ["node_modules", "dist", ".git", ".artifacts"].includes(name)

const house = makeHouse(
  Object.fromEntries(
    globSync("**/{package.json,README.md,*.ts,*.tsx}", {
      cwd: repository,
      exclude: (path) => path.split("/").some(isOutside)
    })
      .sort()
      .map((path) => [path, readFileSync(join(repository, path), "utf8")])
  )
)

describe("the house", () => {
  it("is read as a whole", () => {
    assert.isAbove(house.packages.length, 15)
    assert.isAbove(house.sources.length, 100)
    assert.isAbove(house.sources.flatMap(({ imports }) => imports).length, 500)
  })

  it.each(Object.entries(rules))("%s", (name, rule) => {
    const found = rule(house).map(describeViolation)
    assert.isEmpty(found, `the rule: ${name}\n  ${found.join("\n  ")}\n`)
  })

  it("reports files that near their limit", () => {
    const long = nearlyTooLong(house).map(describeViolation)
    if (long.length > 0) console.info(`over 300 lines:\n  ${long.join("\n  ")}`)
  })
})
