/**
 * Bundle: builds the page into the directory that its first argument names.
 *
 * Run as a process of its own by `build.ts`: Vite sets NODE_ENV for the whole
 * process and keeps threads, and neither belongs in a server.
 */
import { fileURLToPath } from "node:url"
import { build } from "vite"

await build({
  root: fileURLToPath(new URL("..", import.meta.url)),
  logLevel: "warn",
  build: { outDir: process.argv[2]!, emptyOutDir: true }
})
