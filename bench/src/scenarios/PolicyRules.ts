/**
 * PolicyRules: the policies for slow clients, what each of them says, and what of it did not
 * hold in a run.
 */
import type { SlowResult } from "../driver/jobs/Slow.ts"
import type { SlowOnes } from "../driver/SlowOnes.ts"
import { mostBufferBytes } from "../SmallBuffers.ts"
import type { NamespaceSettings } from "../System.ts"

export interface Policy {
  /** Of its namespace, too. */
  readonly name: string
  readonly settings: NamespaceSettings
  /** Publications say in turn that they are the newest of so many keys; 0: of none. */
  readonly keys: number
  /** What is passed over in silence is what nobody is owed. */
  readonly owesNewest?: true
  /** For people. */
  readonly says: string
  /** Frames that may wait for one connection, where each has so many bytes of data. */
  readonly mostInOutbox: (dataBytes: number) => number
  /** What of the policy's word does not hold for those that are slow. */
  readonly wrongs: (slow: SlowOnes, stopped: SlowOnes) => ReadonlyArray<string>
}

/** Of a connection's outbox, and of what a channel keeps for all that are slow. */
const outboxBytes = 1_048_576
const outboxFrames = 1_024

const inOutbox = (dataBytes: number): number =>
  Math.min(outboxFrames, Math.floor(outboxBytes / dataBytes))

const nothing = () => 0

/** `wrong`: how many of them it is true of. */
const complaint = (wrong: number, what: string): ReadonlyArray<string> =>
  wrong === 0 ? [] : [`${wrong} ${what}`]

const both =
  (of: (ones: SlowOnes) => ReadonlyArray<string>): Policy["wrongs"] =>
  (slow, stopped) => [
    ...of(slow).map((it) => `slow ones: ${it}`),
    ...of(stopped).map((it) => `stopped ones: ${it}`)
  ]

const allAccountedFor = both(({ closed, unaccounted }) => [
  ...complaint(unaccounted, "publications were neither given nor told of"),
  ...complaint(closed, "were closed")
])

const newestIsGiven = both(({ closed, count, gapFrames, newest }) => [
  ...complaint(count - newest, "did not get the newest"),
  ...complaint(gapFrames, "gaps, though nobody is owed what is not the newest"),
  ...complaint(closed, "were closed")
])

const endedOrComplete = both(({ closed, complete, count, told, unaccounted }) => [
  ...complaint(count - closed - complete, "were not closed, and lack something"),
  ...complaint(told + unaccounted, "publications were left out before the end")
])

/** How many know why: who reads nothing for longer than a close waits does not read the code. */
export const knowWhy = ({ reasons }: SlowOnes): number =>
  Object.entries(reasons).reduce(
    (sum, [reason, count]) => sum + (reason.startsWith("closed with 3008") ? count : 0),
    0
  )

export const policies: ReadonlyArray<Policy> = [
  {
    name: "catchUp",
    // Less than is published: also what a log does not have any more is to be told.
    settings: { logged: true, slowConsumer: "catchUp", historySize: 100 },
    keys: 0,
    says: "everything from the outbox and the log, and a gap for what the log has no more",
    mostInOutbox: inOutbox,
    wrongs: allAccountedFor
  },
  {
    name: "conflate",
    settings: { logged: false, slowConsumer: "conflate" },
    keys: 0,
    owesNewest: true,
    says: "the newest, and no gap",
    mostInOutbox: nothing,
    wrongs: newestIsGiven
  },
  {
    name: "conflateByKey",
    settings: { logged: false, slowConsumer: "conflate", conflateByKey: true },
    keys: 10,
    owesNewest: true,
    says: "the newest of each key, and no gap",
    mostInOutbox: nothing,
    wrongs: newestIsGiven
  },
  {
    name: "dropOldest",
    settings: { logged: false, slowConsumer: "dropOldest" },
    keys: 0,
    says: "the newest MiB, and a gap for what is older",
    mostInOutbox: nothing,
    wrongs: allAccountedFor
  },
  {
    name: "disconnect",
    settings: { logged: true, slowConsumer: "disconnect" },
    keys: 0,
    says: "3008 to those whose outbox is full, and to nobody else",
    mostInOutbox: inOutbox,
    wrongs: endedOrComplete
  }
]

/** What V8 may leave lying about until it collects: each publication is framed once more for them. */
const uncollectedBytes = 64 * 1_048_576

/** What so many slow ones may add to the connector's resident memory. */
export const memoryCap = (policy: Policy, impaired: number, dataBytes: number): number =>
  uncollectedBytes + (policy.mostInOutbox(dataBytes) > 0 ? impaired : 1) * outboxBytes

/** A socket that is not full yet takes one more of these: the largest that loopback carries. */
const segmentBytes = 65_536

/** And to the kernel's: what one end has written, and the other has not read. */
export const kernelCap = (impaired: number): number =>
  impaired * 2 * (mostBufferBytes + segmentBytes)

/** What did not hold in a run, for those that read and for those that do not. */
export const wrongs = (
  policy: Policy,
  result: Pick<
    SlowResult,
    "closed" | "endedAsSlow" | "lost" | "misordered" | "outboxes" | "slowOnes" | "stoppedOnes"
  >,
  dataBytes: number
): ReadonlyArray<string> => {
  const { closed, endedAsSlow, lost, misordered, outboxes, slowOnes, stoppedOnes } = result
  const gone = slowOnes.closed + stoppedOnes.closed
  const mayWait = policy.mostInOutbox(dataBytes) * (slowOnes.count + stoppedOnes.count)
  return [
    ...complaint(lost, "publications were lost by those that read"),
    ...complaint(closed, "of those that read were closed"),
    ...complaint(
      misordered + slowOnes.misordered + stoppedOnes.misordered,
      "publications came out of order"
    ),
    ...complaint(Math.max(0, (outboxes ?? 0) - mayWait), "frames too many wait in outboxes"),
    ...complaint(Math.abs(gone - (endedAsSlow ?? gone)), "ended, but not as slow consumers"),
    ...policy.wrongs(slowOnes, stoppedOnes)
  ]
}
