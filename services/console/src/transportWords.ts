/**
 * transportWords: the ways to be connected, as people call them.
 */
import type { Transport } from "@weir/client/Transports"

export const transportWords: { readonly [T in Transport]: string } = {
  websocket: "WebSocket",
  sse: "SSE",
  longPolling: "long-polling"
}
