/**
 * uwebsockets: uWebSockets.js as its documentation shows publish and subscribe: a topic
 * for each channel, one `publish` for each publication, without compression.
 *
 *     UWEBSOCKETS=MODULE node uwebsockets.ts PORT CONTROL
 *
 * The module is not installed with the harness: its binaries do not run everywhere.
 */
import { createRequire } from "node:module"
import { resolve } from "node:path"
import { announce, portsOf, serveControl } from "./Control.ts"

interface Socket {
  readonly getUserData: () => { readonly channel: string }
  readonly subscribe: (topic: string) => boolean
}

interface App {
  readonly ws: (pattern: string, behavior: object) => App
  readonly publish: (topic: string, message: Uint8Array, isBinary: boolean) => boolean
  readonly listen: (host: string, port: number, done: (socket: unknown) => void) => App
}

interface Request {
  readonly getUrl: () => string
  readonly getHeader: (name: string) => string
}

interface Response {
  readonly upgrade: (data: object, ...handshake: ReadonlyArray<unknown>) => void
}

interface Library {
  readonly App: () => App
  readonly DISABLED: number
}

/** By default it drops what is beyond 64 KiB for one connection; nothing is to be lost. */
const maxBackpressure = 16 * 1024 * 1024

const { control, port } = portsOf(process.argv)
const require = createRequire(import.meta.url)
const path = resolve(process.env["UWEBSOCKETS"]!)
const library = require(path) as Library

const versionOf = (): string => {
  try {
    return (require(`${path}/package.json`) as { readonly version: string }).version
  } catch {
    return "unknown"
  }
}

const app = library.App().ws("/*", {
  compression: library.DISABLED,
  maxBackpressure,
  idleTimeout: 0,
  upgrade: (response: Response, request: Request, context: unknown) =>
    response.upgrade(
      { channel: decodeURIComponent(request.getUrl().slice(1)) },
      request.getHeader("sec-websocket-key"),
      request.getHeader("sec-websocket-protocol"),
      request.getHeader("sec-websocket-extensions"),
      context
    ),
  open: (socket: Socket) => {
    socket.subscribe(socket.getUserData().channel)
  }
})

serveControl(control, (channel, payloads) => {
  for (const payload of payloads) app.publish(channel, payload, false)
})

app.listen("127.0.0.1", port, (listening) => {
  if (!listening) throw new Error(`cannot listen on ${port}`)
  announce(versionOf())
})
