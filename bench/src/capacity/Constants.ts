/**
 * Constants: what one of everything costs, measured. The model's only numbers.
 *
 * `constants.json` beside this file holds those of the machine that is named in it,
 * for those who have measured nothing themselves. `Fit.ts` makes new ones from results.
 */
import { readFileSync } from "node:fs"

/** CPU in core seconds, memory in resident bytes. */
export interface Constants {
  /** A process that does nothing, per second. */
  readonly baseSeconds: number
  /** Connector: an authenticated handshake with one subscription. */
  readonly handshakeSeconds: number
  /** Auth: verifying the token of one handshake. */
  readonly authSeconds: number
  /** Connector: one idle connection's heartbeats, per second. */
  readonly idleSeconds: number
  /** Connector: one message of a lane, however many publications it brings. */
  readonly messageSeconds: number
  /** Connector: one publication, however many it goes to. */
  readonly publicationSeconds: number
  /** Connector: one delivery, without the write. */
  readonly deliverySeconds: number
  /** Connector: one write to a socket, however many publications it carries. */
  readonly writeSeconds: number
  /** Connector: each byte of a payload beyond 128, per delivery. */
  readonly byteSeconds: number
  /** Router: one message of a publisher and one of a lane, however many publications they bring. */
  readonly routerMessageSeconds: number
  /** Router: taking one publication of a stream into a channel without a log. */
  readonly unloggedSeconds: number
  /** Router: the same with a log. */
  readonly loggedSeconds: number
  /** Router: what a call of its own for one publication adds to that. */
  readonly callSeconds: number
  /** Router: one publication on the lane of one connector. */
  readonly laneSeconds: number
  /** Both routers: passing one publication on to its owner. */
  readonly forwardSeconds: number
  /** Redis: appending one publication. */
  readonly redisSeconds: number
  readonly connectorBytes: number
  /** With one subscription. */
  readonly connectionBytes: number
  /** Each further subscription of a connection. */
  readonly subscriptionBytes: number
  /** Connector: a channel with a subscriber here. */
  readonly channelBytes: number
  readonly routerBytes: number
  readonly routerChannelBytes: number
  readonly authBytes: number
  /** What a client frame adds to its payload. */
  readonly envelopeBytes: number
}

export interface CommittedConstants {
  /** Where they were measured: machine, commit, day. */
  readonly origin: string
  readonly constants: Constants
}

export const constantsFile = new URL("./constants.json", import.meta.url)

export const committedConstants = (): CommittedConstants =>
  JSON.parse(readFileSync(constantsFile, "utf8")) as CommittedConstants
