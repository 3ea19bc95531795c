#!/usr/bin/env node
/**
 * `npx weir`: runs the command line with the Node that came with `npm ci`, whatever Node this is.
 *
 * Plain JavaScript for that reason: an older Node reads it, too.
 */
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import * as module from "node:module"
import { fileURLToPath } from "node:url"

const oldestNode = 26
const ownNode = fileURLToPath(new URL("../../../node_modules/.bin/node", import.meta.url))

/** Passes on what this process is told, and ends as the other does. */
const runIn = (node) => {
  const args = [fileURLToPath(import.meta.url), ...process.argv.slice(2)]
  const child = spawn(node, args, { stdio: "inherit" })
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"]
  for (const signal of signals) {
    // A terminal gives Ctrl-C to both of us.
    process.on(signal, () => (signal === "SIGINT" && process.stdin.isTTY) || child.kill(signal))
  }
  child.on("error", (error) => {
    console.error(`weir: ${node} does not run: ${error.message}; npm ci brings it`)
    process.exit(1)
  })
  child.on("exit", (code, signal) => {
    for (const it of signals) process.removeAllListeners(it)
    if (signal === null) process.exit(code ?? 1)
    process.kill(process.pid, signal)
  })
}

if (Number(process.versions.node.split(".")[0]) >= oldestNode) {
  // What was compiled once is kept in the temporary directory: it starts in half the time.
  module.enableCompileCache()
  await import("../src/main.ts")
} else if (existsSync(ownNode)) {
  runIn(ownNode)
} else {
  console.error(`weir: needs Node ${oldestNode}, which npm ci brings; this is ${process.version}`)
  process.exit(1)
}
