/**
 * Nginx: Debian's, as a user of Weir sets it up: with the block that docs/transports.md shows.
 *
 * Nothing else is set but where it listens and where it may write: timeouts and buffers are its own.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { readPage } from "../docs/Page.ts"
import { freePort } from "./freePort.ts"
import { waitUntil } from "./waitUntil.ts"

// Where Debian has it, which is not in everybody's PATH.
const debian = "/usr/sbin/nginx"
export const nginxProgram = (): string => (existsSync(debian) ? debian : "nginx")

export interface Nginx {
  /** host:port for the client. */
  readonly address: string
  /** The same, but for what is silent for longer than `strictMs`, which it ends. */
  readonly strict: string
  /** Its errors. */
  readonly log: () => string
  readonly stop: () => Promise<void>
}

const page = new URL("../../docs/transports.md", import.meta.url)

/** In the document there are two, and TLS. */
const documented = (targets: ReadonlyArray<string>, port: number): string => {
  const { blocks } = readPage(readFileSync(page, "utf8"))
  const { text } = blocks.find(({ language }) => language === "nginx")!
  const servers = targets.map((target) => `  server ${target};\n`).join("")
  return text
    .replace(/(?: +server \S+;\n)+/, servers)
    .replace("listen 443 ssl;", `listen 127.0.0.1:${port};`)
}

const config = (directory: string, http: string, strict: string): string => `
daemon off;
master_process off;
pid ${directory}/nginx.pid;
events {}
http {
  access_log off;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((it) => `${it}_temp_path ${directory}/${it};`)
    .join("\n  ")}
  ${http}
  ${strict}
}
`

/** Ended with the test run, whatever becomes of the test. */
const running = new Set<ChildProcess>()
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL")
})

export const startNginx = async (
  targets: ReadonlyArray<string>,
  strictMs: number
): Promise<Nginx> => {
  const directory = mkdtempSync(join(tmpdir(), "weir-nginx-"))
  const [port, strictPort] = [await freePort(), await freePort()]
  const http = documented(targets, port)
  const strict = http
    .slice(http.indexOf("server {"))
    .replace(`:${port};`, `:${strictPort};\n  proxy_read_timeout ${strictMs}ms;`)
  const file = join(directory, "nginx.conf")
  writeFileSync(file, config(directory, http, strict))
  const child = spawn(nginxProgram(), ["-p", directory, "-c", file, "-e", "stderr"], {
    stdio: ["ignore", "ignore", "pipe"]
  })
  running.add(child)
  let log = ""
  child.stderr.on("data", (chunk) => {
    log = (log + chunk).slice(-100_000)
  })
  const exited = once(child, "exit").then(() => {
    running.delete(child)
    rmSync(directory, { recursive: true, force: true })
  })
  const answers = (port: number) =>
    fetch(`http://127.0.0.1:${port}/`).then(
      async (response) => {
        await response.body?.cancel()
        return true
      },
      () => {
        if (child.exitCode !== null) throw new Error(`nginx has ended:\n${log}`)
        return false
      }
    )
  await waitUntil("nginx answers", () => answers(port))
  return {
    address: `127.0.0.1:${port}`,
    strict: `127.0.0.1:${strictPort}`,
    log: () => log,
    stop: async () => {
      child.kill("SIGTERM")
      await exited
    }
  }
}
