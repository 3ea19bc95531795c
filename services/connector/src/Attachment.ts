/**
 * Attachment: one channel's place on a lane, and what is known of it.
 */
import type { Node } from "@weir/cluster/View"
import { shardOf } from "@weir/core/ChannelName"
import type { AttachRequest } from "@weir/proto/mesh/v1/router"
import type { ChannelFeed } from "./ChannelFeed.ts"
import { AskPace } from "./domain/AskPace.ts"

export const lanesPerRouter = 4

/** One lane while its stream is up. */
export interface OpenLane {
  readonly router: Node
  readonly index: number
  readonly send: (message: NonNullable<AttachRequest["message"]>) => void
  /** An encoded signal, if there is room for one. */
  readonly signal: (bytes: Uint8Array) => void
}

export interface Attachment {
  readonly feed: ChannelFeed
  readonly shard: number
  readonly pace: AskPace
  /** Where it is attached, or has asked to be. */
  lane: OpenLane | undefined
  /**
   * The number of the newest attach while that is unanswered, else 0. Until it is
   * answered, what arrives belongs to an earlier one.
   */
  unanswered: number
  /** When it is asked for at the owner of the view; 0: not by the clock. */
  dueAt: number
  /** The router that sent it away, until another takes it. */
  sentAwayBy: string | undefined
  /** The router that it was asked for last. */
  askedAt: string | undefined
}

export const attachmentOf = (feed: ChannelFeed): Attachment => ({
  feed,
  shard: shardOf(feed.name),
  pace: new AskPace(),
  lane: undefined,
  unanswered: 0,
  dueAt: 0,
  sentAwayBy: undefined,
  askedAt: undefined
})

export const laneKey = (router: Node, index: number): string => `${router.name} ${index}`

export const isSameLife = (a: Node, b: Node): boolean =>
  a.name === b.name && a.incarnation === b.incarnation && a.mesh === b.mesh
