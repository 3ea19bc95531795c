/**
 * HookPage.fixture: a page whose components a test decides on, to try the hooks in a browser.
 */
import { createElement, type ReactNode, StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { WeirClient } from "../WeirClient.ts"
import { useChannel } from "./useChannel.ts"
import { useConnection } from "./useConnection.ts"
import { usePresence } from "./usePresence.ts"
import { useWeir, WeirProvider } from "./WeirProvider.ts"

/** One component: a hook, and what it is given. */
export interface Probe {
  readonly id: string
  readonly hook: "channel" | "presence" | "connection" | "client"
  readonly channel?: string
  readonly options?: { readonly rewind?: number; readonly keep?: number; readonly member?: unknown }
}

type View = ReturnType<typeof useChannel> &
  ReturnType<typeof usePresence> &
  ReturnType<typeof useConnection>

export class HookPage {
  /** The frames that the client has sent. */
  readonly sent: Array<{ readonly type: string; readonly payload: { readonly channel?: string } }> =
    []
  /** What each component's callbacks were given. */
  readonly heard: Record<string, Array<unknown>> = {}
  readonly views: Record<string, View> = {}
  readonly errors: Array<string> = []
  readonly client: WeirClient
  readonly #sockets: Array<WebSocket> = []
  readonly #root = createRoot(document.body, {
    onUncaughtError: (error) => this.errors.push(String(error))
  })

  constructor(user: string) {
    const { sent } = this
    const sockets = this.#sockets
    this.client = new WeirClient({
      url: "/v1/ws",
      token: () => developmentToken(user),
      backoff: { minMs: 20, maxMs: 200 },
      webSocket: class extends WebSocket {
        constructor(url: string, protocols?: string | Array<string>) {
          super(url, protocols)
          sockets.push(this)
        }
        override send(data: string) {
          sent.push(JSON.parse(data))
          super.send(data)
        }
      }
    })
  }

  /** In StrictMode, as a program is while it is developed. */
  render(probes: ReadonlyArray<Probe>, isInside = true): void {
    const components = probes.map((probe) =>
      createElement(componentOf[probe.hook], { key: probe.id, page: this, probe })
    )
    const tree = isInside
      ? createElement(WeirProvider, { client: this.client }, components)
      : components
    this.#root.render(createElement(StrictMode, null, tree))
  }

  cut(): void {
    this.#sockets.at(-1)?.close(4000)
  }

  hear(id: string, what: unknown): void {
    this.heard[id] ??= []
    this.heard[id].push(what)
  }
}

const developmentToken = async (user: string): Promise<string> => {
  const response = await fetch("/dev/token", { method: "POST", body: JSON.stringify({ user }) })
  return ((await response.json()) as { readonly token: string }).token
}

interface ProbeProps {
  readonly page: HookPage
  readonly probe: Probe
}

const ChannelProbe = ({ page, probe }: ProbeProps): ReactNode => {
  const view = useChannel(probe.channel!, {
    ...probe.options,
    onPublication: ({ data }) => page.hear(probe.id, data),
    onGap: ({ reason }) => page.hear(probe.id, `gap: ${reason}`),
    onSignal: ({ data }) => page.hear(probe.id, data)
  })
  page.views[probe.id] = view as View
  return null
}

const PresenceProbe = ({ page, probe }: ProbeProps): ReactNode => {
  page.views[probe.id] = usePresence(probe.channel!, probe.options) as View
  return null
}

const ConnectionProbe = ({ page, probe }: ProbeProps): ReactNode => {
  page.views[probe.id] = useConnection() as View
  return null
}

const ClientProbe = (_: ProbeProps): ReactNode => {
  useWeir()
  return null
}

const componentOf = {
  channel: ChannelProbe,
  presence: PresenceProbe,
  connection: ConnectionProbe,
  client: ClientProbe
}

Object.assign(globalThis, { HookPage })
