/**
 * Introductions: the first words on a new connection, until the server knows who is
 * there. Nobody subscribes to anything.
 */
import type { Dialect } from "./Dialect.ts"
import { loadDialect } from "./Dialects.ts"

/** `weir-ticket`: with the ticket that an earlier connection was given. */
export type IntroductionName = "weir-token" | "weir-ticket" | "ws" | "socket.io"

/** `onTicket`: for the next time. */
type Introduction = (onTicket: (ticket: string) => void) => Dialect

interface Answer {
  readonly type: string
  readonly payload: { readonly ticket?: string }
}

const connect = (credential: "token" | "ticket", value: string): string =>
  JSON.stringify({
    type: "connect",
    id: 1,
    payload: { [credential]: value, versions: ["1"], client: "bench" }
  })

const weir =
  (credential: "token" | "ticket"): Introduction =>
  (onTicket) => ({
    path: "/v1/ws",
    protocol: "weir.v1.json",
    hello: (_channel, value) => connect(credential, value),
    reader: (sink) => (bytes, start, end) => {
      const text = bytes.toString("utf8", start, end)
      const { payload, type } = JSON.parse(text) as Answer
      // Held open while others come, it may be asked whether it is still there.
      if (type === "ping") return sink.send('{"type":"pong","payload":{}}')
      if (type !== "connected") throw new Error(`said ${text}`)
      onTicket(payload.ticket!)
      sink.ready()
    }
  })

/** The same words as Weir's client, in the same upgrade; any answer will do. */
const ws: Dialect = {
  path: "/",
  protocol: "weir.v1.json",
  hello: (_channel, value) => connect("token", value),
  reader: (sink) => () => sink.ready()
}

export const loadIntroduction = async (name: IntroductionName): Promise<Introduction> => {
  switch (name) {
    case "weir-token":
      return weir("token")
    case "weir-ticket":
      return weir("ticket")
    case "ws":
      return () => ws
    case "socket.io": {
      const dialect = await loadDialect("socket.io")
      return () => dialect
    }
  }
}
