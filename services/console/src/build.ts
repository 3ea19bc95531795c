/**
 * Build: the page as files to serve, built when its sources have changed.
 *
 * What is built is named by a hash of its sources. So a build that another
 * process serves is never touched, and of two processes that build at once the
 * later one finds the work done.
 */
import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { access, glob, readFile, rename, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const room = fileURLToPath(new URL("..", import.meta.url))
const repository = join(room, "../..")
const sources = [
  "services/console/{index.html,package.json,vite.config.ts}",
  "services/console/{src,public}/**/*.*",
  "libs/client/src/*.ts",
  "libs/client/src/react/*.*",
  "package-lock.json"
]

// No process that still serves an older build is older than that, while one works on the page.
const A_DAY_MS = 86_400_000

/** The absolute directory of the built page. Takes about a second when it is stale. */
export const ensureBuilt = async (): Promise<string> => {
  const dist = join(room, "dist")
  const built = join(dist, await hashOfSources())
  if (await exists(built)) return built

  await forgetOld(dist)
  const unfinished = join(dist, `unfinished-${process.pid}`)
  const bundle = fileURLToPath(new URL("bundle.ts", import.meta.url))
  await promisify(execFile)(process.execPath, [bundle, unfinished])
  try {
    await rename(unfinished, built)
  } catch (error) {
    if (!(await exists(built))) throw error
    await rm(unfinished, { recursive: true })
  }
  return built
}

const hashOfSources = async (): Promise<string> => {
  const files: Array<string> = []
  for await (const file of glob(sources, { cwd: repository })) {
    if (!file.endsWith(".test.ts")) files.push(file)
  }
  const hash = createHash("sha256")
  for (const file of files.sort())
    hash.update(`${file}\0`).update(await readFile(join(repository, file)))
  return hash.digest("hex").slice(0, 16)
}

const forgetOld = async (dist: string): Promise<void> => {
  for await (const entry of glob("*", { cwd: dist })) {
    const path = join(dist, entry)
    const { mtimeMs } = await stat(path)
    if (Date.now() - mtimeMs > A_DAY_MS) await rm(path, { recursive: true, force: true })
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false
  )
