/**
 * Feature: what a server can do that a client may not take for granted.
 *
 * A closed table: everything beyond what version 1 began with, or that a configuration switches
 * on. `docs/protocol.md` shows the same.
 */
export const features = {
  batch: "Takes `connect.batch`: several publications in one message.",
  excludeSelf: "Takes `publish.excludeSelf`: all but the publishing connection get it.",
  maxRate: "Takes `subscribe.maxRateMs`: at most one publication in that time, the newest.",
  rpc: "Answers `rpc`: a backend is configured.",
  serverSubscriptions: "Subscribes to what the token's claim `subscriptions` names."
} as const

export type Feature = keyof typeof features

/** As `connected` names them: sorted, without those that are switched off here. */
export const offered = (
  isOn: Readonly<Partial<Record<Feature, boolean>>> = {}
): ReadonlyArray<Feature> =>
  (Object.keys(features) as Array<Feature>).filter((name) => isOn[name] !== false).sort()
