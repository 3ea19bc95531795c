/**
 * Member: one entry of a roster: one session, announced in one channel.
 */
export interface Member {
  /** Names the member within the channel; no secret. */
  readonly id: string
  /** Empty for an anonymous client. */
  readonly user: string
  /** Unix milliseconds. */
  readonly joinedAt: number
  readonly contentType: string
  readonly data: Uint8Array
}

/** What became of a channel's roster; of those who left only `id` and `user` count. */
export interface PresenceChange {
  readonly channel: string
  readonly joined: Array<Member>
  readonly left: Array<Member>
}
