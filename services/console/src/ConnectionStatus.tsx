/**
 * ConnectionStatus: the state of the line, always in sight.
 */
import type { ConnectionState } from "@weir/client/WeirClient"

const words: { readonly [State in ConnectionState]: string } = {
  idle: "Starting",
  connecting: "Connecting…",
  connected: "Connected",
  waiting: "Reconnecting…",
  closed: "Disconnected"
}

export const ConnectionStatus = ({ state }: { readonly state: ConnectionState }) => (
  <p className="status" role="status" data-testid="connection-state" data-state={state}>
    <span className="dot" aria-hidden="true" />
    <span className="word">{words[state]}</span>
  </p>
)
