/**
 * Languages: whether a command is in one that this machine does not have.
 *
 * Not everybody with a clone has Python and Go. CI does: .ci/run sees to it.
 */
import { spawnSync } from "node:child_process"

const versions = { go: ["version"], python3: ["--version"] }

const missing = Object.entries(versions)
  .filter(([program, args]) => spawnSync(program, args).status !== 0)
  .map(([program]) => program)

/** The program that is not there; tells of it once for each command. */
export const missingFor = (command: string): string | undefined => {
  const program = missing.find((it) => new RegExp(`\\b${it}\\b`).test(command))
  if (program !== undefined) console.warn(`not tried, as there is no ${program}: ${command}`)
  return program
}
