/**
 * OtherProgram: another program of this repository, run as a process in our place.
 */
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { type CommandFailed, refused } from "./CommandFailed.ts"

const root = new URL("../../../", import.meta.url)

/**
 * It has our terminal and is told what we are told. Its end is ours, with the same exit code:
 * to be interrupted means to wait for it.
 */
export const runOther = (
  path: string,
  args: ReadonlyArray<string>
): Effect.Effect<never, CommandFailed> =>
  Effect.uninterruptible(
    Effect.callback((resume) => {
      const main = fileURLToPath(new URL(path, root))
      if (!existsSync(main)) {
        return resume(Effect.fail(refused(`${path} is not part of this installation`)))
      }
      const child = spawn(process.execPath, [main, ...args], { stdio: "inherit" })
      const passOn = (signal: NodeJS.Signals) => {
        // A terminal gives Ctrl-C to both of us.
        if (signal !== "SIGINT" || process.stdin.isTTY !== true) child.kill(signal)
      }
      process.on("SIGINT", passOn).on("SIGTERM", passOn)
      child.once("error", (error) => resume(Effect.fail(refused(error.message))))
      child.once("exit", (code) => process.exit(code ?? 1))
    })
  )
