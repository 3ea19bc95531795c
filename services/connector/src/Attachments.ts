/**
 * Attachments: which channel is read on which lane, and when it is asked for again.
 *
 * A channel is read on one lane only: what comes for it on any other is not looked
 * at. The view says where it should be, `moved` and lost lanes say that it is not
 * there any more, and the owner's answer alone says that it is. Each attach names
 * the last position passed on, and the owner judges that as a resume.
 */
import type { Node } from "@weir/cluster/View"
import type { ChannelPosition, Moved, Refused } from "@weir/proto/mesh/v1/router"
import { Array as Arr } from "effect"
import {
  type Attachment,
  attachmentOf,
  isSameLife,
  laneKey,
  lanesPerRouter,
  type OpenLane
} from "./Attachment.ts"
import type { ChannelFeed } from "./ChannelFeed.ts"
import { laneMoves } from "./ConnectorMetrics.ts"
import type { PaceLimits } from "./domain/AskPace.ts"

const channelsPerMessage = 512

/** How long what the former owner still has to say is waited for. */
const lastWordsMs = 1_500

/** How long a view that somebody else acts on already is waited for. */
const newerViewMs = 200

/** Between attaches that were answered with `moved`, or that brought nothing new. */
const movedPace: PaceLimits = { firstMs: 20, longestMs: 200 }

/** Between attaches that were refused, for as long as the owner does not say longer. */
const refusedPace: PaceLimits = { firstMs: 100, longestMs: 1_000 }
const refusedPauseMs = 100

export interface Ownership {
  readonly ownerOf: (shard: number) => Node | undefined
  readonly nodes: () => ReadonlyArray<Node>
  readonly viewVersion: () => number
  /** Somebody acts on this version of the view. */
  readonly saw: (version: number) => void
}

export interface AttachmentsOptions {
  readonly ownership: Ownership
  readonly nowMillis: () => number
  /** Something became due in the future: call `askDue` until it says that nothing is. */
  readonly wake: () => void
}

export class Attachments {
  readonly #ownership: Ownership
  readonly #nowMillis: () => number
  readonly #wake: () => void
  readonly #open = new Map<string, OpenLane>()
  readonly #byChannel = new Map<string, Attachment>()
  /** A router gives up shards, hundreds of them at once: each must find its own channels. */
  readonly #byShard = new Map<number, Set<Attachment>>()
  readonly #due = new Set<Attachment>()
  #lastAttach = 0

  constructor({ nowMillis, ownership, wake }: AttachmentsOptions) {
    this.#ownership = ownership
    this.#nowMillis = nowMillis
    this.#wake = wake
  }

  /** Is what this lane brings of the channel to be looked at? */
  reads(lane: OpenLane, channel: string): boolean {
    const attachment = this.#byChannel.get(channel)
    return attachment?.lane === lane && attachment.unanswered === 0
  }

  /** The lane to the owner that has answered for the channel. */
  laneOf(channel: string): OpenLane | undefined {
    const attachment = this.#byChannel.get(channel)
    return attachment?.unanswered === 0 ? attachment.lane : undefined
  }

  wanted(feed: ChannelFeed): void {
    const attachment = attachmentOf(feed)
    this.#byChannel.set(feed.name, attachment)
    const neighbours = this.#byShard.get(attachment.shard) ?? new Set()
    this.#byShard.set(attachment.shard, neighbours.add(attachment))
    this.#ask([attachment])
  }

  unwanted(channel: string): void {
    const attachment = this.#byChannel.get(channel)
    if (attachment === undefined) return
    this.#detach(attachment)
    this.#notDue(attachment)
    this.#byChannel.delete(channel)
    const neighbours = this.#byShard.get(attachment.shard)!
    neighbours.delete(attachment)
    if (neighbours.size === 0) this.#byShard.delete(attachment.shard)
  }

  /** The lane is up: it names every channel of its own that is read nowhere. */
  opened(lane: OpenLane): void {
    this.#open.set(laneKey(lane.router, lane.index), lane)
    const own: Array<Attachment> = []
    for (const attachment of this.#byChannel.values()) {
      const isFree = attachment.lane === undefined && attachment.dueAt === 0
      if (isFree && this.#laneFor(attachment) === lane) own.push(attachment)
    }
    this.#ask(own)
  }

  /**
   * The lane is lost. A channel that is to be elsewhere goes there now; the others wait
   * for the lane to come back, or for a view without its router. That is also what ends
   * the wait for an answer that never comes, so that an attach needs no timer: keepalive
   * ends the lane of a frozen router after 3.5 s, and the view before that.
   */
  closed(lane: OpenLane): void {
    const key = laneKey(lane.router, lane.index)
    if (this.#open.get(key) === lane) this.#open.delete(key)
    const lost: Array<Attachment> = []
    for (const attachment of this.#byChannel.values()) {
      if (attachment.lane === lane) lost.push(attachment)
    }
    for (const attachment of lost) this.#letGo(attachment)
    this.#ask(lost)
  }

  /**
   * The view has changed. A channel that is to be elsewhere stays where it is until its
   * former owner has said `moved`, for a while: only there is the end of what that owner
   * delivered, and for a channel that is not logged it is nowhere else.
   */
  followView(): void {
    const nodes = new Map(this.#ownership.nodes().map((node) => [node.name, node]))
    const leaving: Array<Attachment> = []
    for (const attachment of this.#byChannel.values()) {
      const { lane } = attachment
      const owner = this.#ownership.ownerOf(attachment.shard)
      if (owner === undefined) continue
      if (lane === undefined) {
        const isPaused = attachment.dueAt > 0 && attachment.sentAwayBy === owner.name
        if (!isPaused) leaving.push(attachment)
        continue
      }
      const former = nodes.get(lane.router.name)
      const isThere = former !== undefined && isSameLife(former, lane.router)
      if (!isThere) leaving.push(attachment)
      else if (owner.name === lane.router.name) this.#notDue(attachment)
      else if (attachment.dueAt === 0) this.#dueIn(attachment, lastWordsMs)
    }
    this.#ask(leaving)
  }

  /** The feed, if this answers the channel's newest attach. */
  attached(lane: OpenLane, channel: string, attach: number): ChannelFeed | undefined {
    const attachment = this.#awaiting(lane, channel, attach)
    if (attachment === undefined) return undefined
    attachment.unanswered = 0
    attachment.sentAwayBy = undefined
    return attachment.feed
  }

  /** Without asking again, a feed whose first attach was refused would wait for ever. */
  refused(lane: OpenLane, { attach, channel, failure }: Refused): void {
    const attachment = this.#awaiting(lane, channel, attach)
    if (attachment === undefined) return
    this.#letGo(attachment)
    attachment.sentAwayBy = lane.router.name
    const pause = attachment.pace.next(this.#nowMillis(), refusedPace)
    this.#dueIn(attachment, Math.max(refusedPauseMs, pause, failure?.retryAfterMs ?? 0))
  }

  /** The router has said all that it had to say of a shard. */
  moved(lane: OpenLane, { shard, view }: Moved): void {
    const isNewer = view > this.#ownership.viewVersion()
    if (isNewer) this.#ownership.saw(view)
    const elsewhere = this.#ownership.ownerOf(shard)?.name !== lane.router.name
    const now = this.#nowMillis()
    const following: Array<Attachment> = []
    for (const attachment of this.#byShard.get(shard) ?? []) {
      if (attachment.lane !== lane) continue
      // It may cross an attach on its way, which the router then takes.
      if (attachment.unanswered > 0) this.#detach(attachment)
      this.#letGo(attachment)
      attachment.sentAwayBy = lane.router.name
      const pause = attachment.pace.next(now, movedPace)
      if (elsewhere && pause === 0) following.push(attachment)
      else if (elsewhere) this.#dueIn(attachment, pause)
      // Our view and the router's differ. If ours is the older, the newer one will name another.
      else this.#dueIn(attachment, isNewer ? newerViewMs : Math.max(pause, movedPace.firstMs))
    }
    this.#ask(following)
  }

  /** What arrived does not follow: the owner replays from where we are, or says what is lost. */
  repair(channel: string): void {
    const attachment = this.#byChannel.get(channel)
    if (attachment === undefined) return
    const pause = attachment.pace.next(this.#nowMillis(), movedPace)
    const { lane } = attachment
    if (pause === 0 && lane !== undefined) return this.#send(lane, [attachment])
    this.#detach(attachment)
    this.#dueIn(attachment, pause)
  }

  /** Asks for what is due; true while something will be later. */
  askDue(): boolean {
    const now = this.#nowMillis()
    const due: Array<Attachment> = []
    for (const attachment of this.#due) if (attachment.dueAt <= now) due.push(attachment)
    this.#ask(due)
    return this.#due.size > 0
  }

  #awaiting(lane: OpenLane, channel: string, attach: number): Attachment | undefined {
    const attachment = this.#byChannel.get(channel)
    const isAwaited = attachment?.lane === lane && attachment.unanswered === attach
    return isAwaited ? attachment : undefined
  }

  #laneFor({ shard }: Attachment): OpenLane | undefined {
    const owner = this.#ownership.ownerOf(shard)
    return owner && this.#open.get(laneKey(owner, shard % lanesPerRouter))
  }

  /** Attaches each at the owner of our view; one whose lane is not up waits for it. */
  #ask(attachments: Iterable<Attachment>): void {
    const byLane = new Map<OpenLane, Array<Attachment>>()
    for (const attachment of attachments) {
      const lane = this.#laneFor(attachment)
      if (attachment.lane !== lane) this.#detach(attachment)
      this.#notDue(attachment)
      if (lane === undefined) continue
      const same = byLane.get(lane)
      if (same === undefined) byLane.set(lane, [attachment])
      else same.push(attachment)
    }
    for (const [lane, same] of byLane) this.#send(lane, same)
  }

  #send(lane: OpenLane, attachments: ReadonlyArray<Attachment>): void {
    const { name } = lane.router
    for (const some of Arr.chunksOf(attachments, channelsPerMessage)) {
      const channels = some.map((attachment): ChannelPosition => {
        if (attachment.askedAt !== undefined && attachment.askedAt !== name) laneMoves.add()
        attachment.askedAt = name
        attachment.lane = lane
        attachment.unanswered = ++this.#lastAttach
        const { name: channel, position } = attachment.feed
        return { channel, since: position, attach: attachment.unanswered }
      })
      const view = this.#ownership.viewVersion()
      lane.send({ $case: "attach", value: { channels, view } })
    }
  }

  #detach(attachment: Attachment): void {
    const { feed, lane } = attachment
    this.#letGo(attachment)
    lane?.send({ $case: "detach", value: { channels: [feed.name] } })
  }

  #letGo(attachment: Attachment): void {
    attachment.lane = undefined
    attachment.unanswered = 0
    this.#notDue(attachment)
  }

  #dueIn(attachment: Attachment, millis: number): void {
    attachment.dueAt = this.#nowMillis() + millis
    this.#due.add(attachment)
    this.#wake()
  }

  #notDue(attachment: Attachment): void {
    attachment.dueAt = 0
    this.#due.delete(attachment)
  }
}
