/**
 * Puts the files of `examples/` into the pages that show them: node test/docs/main.ts
 */
import { globSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { repository } from "./Clone.ts"
import { withFiles } from "./Page.ts"

for (const page of globSync("docs/*.md", { cwd: repository })) {
  const path = join(repository, page)
  const before = readFileSync(path, "utf8")
  const after = withFiles(before, (file) => readFileSync(join(repository, file), "utf8"))
  if (after === before) continue
  writeFileSync(path, after)
  console.log(page)
}
