/**
 * ConnectionStatus: the state of the line, always in sight.
 */
import type { ConnectionState } from "@weir/client/Session"
import type { Transport } from "@weir/client/Transports"
import { transportWords } from "./transportWords.ts"

const words: { readonly [State in ConnectionState]: string } = {
  idle: "Starting",
  connecting: "Connecting…",
  connected: "Connected",
  waiting: "Reconnecting…",
  closed: "Disconnected"
}

interface Props {
  readonly state: ConnectionState
  readonly transport: Transport
}

export const ConnectionStatus = ({ state, transport }: Props) => (
  <p
    className="status"
    role="status"
    data-testid="connection-state"
    data-state={state}
    data-transport={transport}
  >
    <span className="dot" aria-hidden="true" />
    <span className="word">{words[state]}</span>
    {state === "connected" && transport !== "websocket" && (
      <span className="way">{transportWords[transport]}</span>
    )}
  </p>
)
