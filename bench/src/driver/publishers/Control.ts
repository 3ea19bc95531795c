/**
 * Control: publishes through one of our own servers (`servers/Control.ts`).
 */
import type { Publishing } from "../../System.ts"
import { encodeBurst } from "../../servers/Control.ts"
import type { OpenPublisher } from "../Publisher.ts"
import { openTurnSocket } from "./TurnSocket.ts"

export const open: OpenPublisher<Extract<Publishing, { kind: "control" }>> = async (
  { address },
  onFailure
) => {
  const { close, write } = await openTurnSocket(address, onFailure)
  return { publish: (payloads, channel) => write(encodeBurst(channel, payloads)), close }
}
