/**
 * Uwebsockets: uWebSockets.js, where the user has one that runs here.
 */
import { existsSync } from "node:fs"
import type { System } from "../System.ts"
import { nodeServer, startOwn } from "./OwnServer.ts"

const variable = "UWEBSOCKETS"

const missing = (): string | undefined => {
  const path = process.env[variable]
  if (path === undefined) return "name its module: --uwebsockets DIR"
  return existsSync(path) ? undefined : `--uwebsockets: there is no ${path}`
}

export const system: System = {
  name: "uwebsockets",
  missing,
  start: (options) => startOwn(nodeServer("uwebsockets", "plain"), options)
}
