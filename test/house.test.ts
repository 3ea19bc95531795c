/**
 * What is made from something else is fresh, and nothing of the place where it
 * was made remains in it.
 */
import { execFile } from "node:child_process"
import { existsSync, globSync, readFileSync } from "node:fs"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { fetchedFrom, leftoversIn } from "./architecture/Leftovers.ts"
import {
  endings,
  markdownOf,
  optional,
  refusals,
  rowsUnder
} from "./architecture/ProtocolTables.ts"

const run = promisify(execFile)
const repository = fileURLToPath(new URL("..", import.meta.url))

describe("proto", () => {
  const proto = join(repository, "proto")
  const buf = (...args: ReadonlyArray<string>) =>
    run(process.execPath, [join(repository, "node_modules/@bufbuild/buf/bin/buf"), ...args], {
      cwd: proto
    }).catch(({ stderr, stdout }) => assert.fail(`buf ${args.join(" ")}\n${stdout}${stderr}`))
  const filesOf = (directory: string) =>
    Object.fromEntries(
      globSync("**/*.ts", { cwd: directory })
        .sort()
        .map((path) => [path, readFileSync(join(directory, path), "utf8")])
    )

  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "weir-proto-"))
  })
  afterAll(() => rm(directory, { recursive: true }))

  it("has generated code that is fresh", async () => {
    await buf("generate", "--template", "buf.gen.yaml", "-o", directory)

    const fresh = filesOf(join(directory, "gen"))
    assert.isNotEmpty(fresh)
    assert.deepStrictEqual(filesOf(join(proto, "gen")), fresh, "run `npm run proto`")
  })

  it("has an image that is fresh", async () => {
    const image = join(directory, "image.binpb")
    await buf("build", "-o", image)

    const same = (await readFile(image)).equals(await readFile(join(proto, "image.binpb")))
    assert.isTrue(same, "proto/image.binpb is stale: run `npm run proto`")
  })

  it("passes buf's lint", async () => {
    await buf("lint")
  })

  it("breaks nothing that was released", async () => {
    await buf("breaking", "--against", "released.binpb")
  })
})

describe("the lockfile", () => {
  it("leaves it to npm where packages come from", () => {
    const found = fetchedFrom(readFileSync(join(repository, "package-lock.json"), "utf8"))

    assert.isEmpty(found, `package-lock.json:\n  ${found.join("\n  ")}\n`)
  })
})

describe("the repository", () => {
  // There is none around a downloaded archive.
  if (!existsSync(join(repository, ".git"))) return
  it("holds nothing of the machine that it was written on", async () => {
    const { stdout } = await run("git", ["ls-files", "-co", "--exclude-standard", "-z"], {
      cwd: repository,
      maxBuffer: 2 ** 24
    })
    const files = stdout.split("\0").filter((path) => path && existsSync(join(repository, path)))
    assert.isAbove(files.length, 100)

    const found = files.flatMap((path) =>
      leftoversIn(readFileSync(join(repository, path), "latin1")).map((it) => `${path}:${it}`)
    )
    assert.isEmpty(found, `\n  ${found.join("\n  ")}\n`)
  })
})

describe("docs/protocol.md", () => {
  it.each([optional, endings, refusals])("tells under $heading what libs/core says", (table) => {
    const path = join(repository, "docs/protocol.md")
    const rows = existsSync(path) ? rowsUnder(table.heading, readFileSync(path, "utf8")) : []

    const same = rows.join("\n") === table.rows.join("\n")
    assert.isTrue(same, `docs/protocol.md should say\n\n${markdownOf(table)}`)
  })
})
