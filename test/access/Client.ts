/**
 * Client: one connection and what the model believes of it.
 */
import type { Frame, WireClient } from "../harness/WireClient.ts"
import type { Token } from "./Model.ts"

export class Client {
  readonly wire: WireClient
  /** What the last token said that was accepted. */
  token: Token
  ticket: string
  readonly subscribed = new Set<string>()
  /** Channels in whose roster it is. */
  readonly announced = new Set<string>()

  constructor(wire: WireClient, token: Token, ticket: string) {
    this.wire = wire
    this.token = token
    this.ticket = ticket
  }

  /** `ok`, or the code of the failure. */
  async ask(
    type: string,
    payload: object
  ): Promise<{ readonly is: string; readonly answer: Frame }> {
    const answer = await this.wire.request(type, payload)
    return { is: answer.type === "error" ? answer.payload.code : "ok", answer }
  }

  leave(channel: string): void {
    this.subscribed.delete(channel)
    this.announced.delete(channel)
  }
}
