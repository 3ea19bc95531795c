/**
 * SmallBuffers: the whole command once more, in a network namespace of its own whose sockets
 * have small buffers.
 *
 * Otherwise the kernel holds megabytes for a client that does not read, and no server knows for
 * a long time that it is slow. A namespace leaves the machine as it is, and goes with its last
 * process.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { Effect } from "effect"
import { has } from "./Machine.ts"
import { BenchFailure } from "./System.ts"

/** Least, at first, and most of one socket in one direction: some publications of 8 KiB. */
const buffers = "4096 16384 32768"
export const mostBufferBytes = 32_768

const insideVariable = "WEIR_BENCH_SMALL_BUFFERS"
export const isInside: boolean = process.env[insideVariable] === "true"

/** They are of the namespace that they are written in. */
const setUp = [
  "ip link set lo up",
  ...["rmem", "wmem"].map((name) => `echo "${buffers}" > /proc/sys/net/ipv4/tcp_${name}`)
].join(" && ")

/** Who is not root may be, inside, where the machine allows that. */
const namespace = process.getuid?.() === 0 ? ["--net"] : ["--net", "--map-root-user"]

const inNamespace = (command: ReadonlyArray<string>): Array<string> => [
  ...namespace,
  ...["sh", "-c", `${setUp} && exec "$@"`, "sh", ...command]
]

/** Why there can be none here; undefined if there can. */
export const missing = (): string | undefined => {
  const lacks = ["unshare", "ip"].filter((it) => !has(it))
  if (lacks.length > 0) return `small buffers need ${lacks.join(" and ")} (util-linux, iproute2)`
  const { status, stderr } = spawnSync("unshare", inNamespace(["true"]), { encoding: "utf8" })
  if (status === 0) return undefined
  return `small buffers need the right to make a network namespace: ${stderr.trim()}`
}

/** Ends when it has ended by itself: it has processes of its own to end before. */
const ended = (child: ChildProcess): Effect.Effect<void> =>
  Effect.callback((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.kill("SIGTERM")
  })

/** Runs a command there, on our own terminal; gives its exit code. */
export const run = (command: ReadonlyArray<string>): Effect.Effect<number, BenchFailure> =>
  Effect.callback((resume) => {
    const child = spawn("unshare", inNamespace(command), {
      stdio: "inherit",
      env: { ...process.env, [insideVariable]: "true" }
    })
    child.once("error", ({ message }) =>
      resume(Effect.fail(new BenchFailure({ message: `unshare: ${message}` })))
    )
    child.once("exit", (code) => resume(Effect.succeed(code ?? 1)))
    return ended(child)
  })
