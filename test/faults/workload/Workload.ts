/**
 * Workload: publishers and subscribers of all kinds at a steady rate, some of which
 * are cut off now and then, until they are told to stop.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { WeirClient } from "@weir/client/WeirClient"
import { tokenFor } from "../../harness/Tokens.ts"
import type { Deployment } from "../Deployment.ts"
import { readFinalLogs, readHeads } from "../FinalLog.ts"
import { digest, type HistoryEvent, now } from "../history/History.ts"
import type { Random } from "../Random.ts"
import type { Crew, PublishingMember, SubscribingMember } from "./Crew.ts"
import { startSdkPublisher } from "./SdkPublisher.ts"
import { startSdkSubscriber } from "./SdkSubscriber.ts"
import { startStreamPublisher } from "./StreamPublisher.ts"
import { startUnaryPublisher } from "./UnaryPublisher.ts"
import { startWireSubscriber } from "./WireSubscriber.ts"

export interface WorkloadOptions {
  /** Of all publishers together. */
  readonly publicationsPerSecond: number
  readonly sdkSubscribers: number
  readonly wireSubscribers: number
  /** Each follows so many. */
  readonly channelsEach: number
  readonly cutsPerSecond: number
}

export const usualWorkload: WorkloadOptions = {
  publicationsPerSecond: 400,
  sdkSubscribers: 16,
  wireSubscribers: 24,
  channelsEach: 5,
  cutsPerSecond: 0.5
}

const named = (namespace: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${namespace}:${index + 1}`)

export const logged = named("chat", 20)
export const latestOnly = named("state", 2)
export const unlogged = named("live", 3)
export const channels = [...logged, ...latestOnly, ...unlogged]

export interface Workload {
  /** Connections that ended without the workload's doing. */
  readonly disconnected: () => number
  readonly complaints: ReadonlyArray<string>
  readonly pausePublishing: (isPaused: boolean) => void
  /** Publishers stop; waits until all is decided and everybody stands at the head, or gives up. */
  readonly settle: () => Promise<void>
  /** What a newcomer reads of each log, and what the store holds; then the end. */
  readonly finish: () => Promise<void>
  readonly close: () => Promise<void>
}

const everything = { "*": ["subscribe", "publish", "history"] }
const tickMs = 10
const decidedLimitMs = 20_000
const headLimitMs = 15_000
const pageSize = 1_000

const until = async (check: () => boolean | Promise<boolean>, limitMs: number, everyMs = 50) => {
  const end = now() + limitMs
  while (now() < end) {
    if (await check()) return true
    await sleep(everyMs)
  }
  return false
}

export const startWorkload = async (
  deployment: Deployment,
  random: Random,
  record: (event: HistoryEvent) => void,
  options: WorkloadOptions,
  /** Clients connect here instead. */
  clientAddresses?: () => ReadonlyArray<string>
): Promise<Workload> => {
  const complaints: Array<string> = []
  let disconnected = 0
  let isRecording = true
  const users = ["reader", "sdk-1", "sdk-2"]
  const tokens = new Map(
    await Promise.all(users.map(async (user) => [user, await tokenFor(user, everything)] as const))
  )
  const crew: Crew = {
    record: (event) => {
      if (isRecording) record(event)
    },
    random,
    connectors: clientAddresses ?? (() => deployment.addresses("connector")),
    routers: () => deployment.addresses("router"),
    token: (user) => tokens.get(user)!,
    complain: (what) => {
      if (isRecording) complaints.push(what)
    }
  }
  const onClosed = (byUs: boolean) => {
    if (isRecording && !byUs) disconnected++
  }
  const follow = () => random.sample(channels, options.channelsEach)
  const subscribers: ReadonlyArray<SubscribingMember> = [
    ...Array.from({ length: options.sdkSubscribers }, (_, index) =>
      startSdkSubscriber(crew, `reader-${index + 1}`, follow(), onClosed)
    ),
    ...Array.from({ length: options.wireSubscribers }, (_, index) =>
      startWireSubscriber(crew, `wire-${index + 1}`, follow(), onClosed)
    )
  ]
  const publishers: ReadonlyArray<PublishingMember> = [
    startSdkPublisher(crew, "sdk-1"),
    startSdkPublisher(crew, "sdk-2"),
    startUnaryPublisher(crew, "unary"),
    startStreamPublisher(crew, "stream")
  ]

  const close = async () => {
    isRecording = false
    clearInterval(pace)
    clearInterval(cuts)
    await Promise.all([...subscribers, ...publishers].map((it) => it.close()))
  }
  const allSubscribed = () =>
    subscribers.every((it) => it.channels.every((channel) => it.position(channel) !== undefined))

  let isPaused = true
  let due = 0
  let last = now()
  const pace = setInterval(() => {
    due += ((now() - last) * options.publicationsPerSecond) / 1000
    last = now()
    // After a pause of ours nothing is made up for: the rate is a bound.
    due = Math.min(due, options.publicationsPerSecond / 10)
    for (; due >= 1; due--) if (!isPaused) random.pick(publishers).publish(random.pick(channels))
  }, tickMs)
  const cutMs = options.cutsPerSecond === 0 ? 2 ** 31 - 1 : 1000 / options.cutsPerSecond
  const cuts = setInterval(() => {
    if (!isPaused) random.pick(subscribers).cut()
  }, cutMs)

  if (!(await until(allSubscribed, headLimitMs))) {
    await close()
    throw new Error(`not everybody could subscribe\n${complaints.join("\n")}`)
  }
  isPaused = false

  const isDecided = () => publishers.every((it) => it.undecided() === 0)

  const standAtHead = async (): Promise<boolean> => {
    const port = await deployment.redis.port()
    const heads = await readHeads(port, [...logged, ...latestOnly])
    return subscribers.every((it) =>
      it.channels.every((channel) => {
        const head = heads.get(channel)
        const at = it.position(channel)
        return head === undefined || (at?.epoch === head.epoch && at.offset >= head.offset)
      })
    )
  }

  const readAll = async (channel: string, reader: WeirClient) => {
    let after = 0
    do {
      const page = await reader.history(channel, { after, limit: pageSize })
      const who = { subscriber: "newcomer", channel } as const
      if (after === 0) {
        const next = page.publications[0]?.position.offset ?? page.position.offset + 1
        crew.record({
          ...{ t: now(), type: "subscribe", phase: "ok", ...who },
          ...{ position: page.position, recovered: false, next }
        })
      }
      for (const { data, messageId, position, publisher } of page.publications) {
        crew.record({
          ...{ t: now(), type: "deliver", ...who, position, publisher, messageId },
          ...{ sha: digest(String(data)), via: "wire" }
        })
      }
      after = page.next
    } while (after > 0)
  }

  return {
    disconnected: () => disconnected,
    complaints,
    pausePublishing: (paused) => {
      isPaused = paused
    },
    settle: async () => {
      isPaused = true
      if (!(await until(isDecided, decidedLimitMs))) crew.complain("publications stay undecided")
      if (!(await until(standAtHead, headLimitMs, 250))) crew.complain("not all are at the head")
    },
    finish: async () => {
      const reader = new WeirClient({
        url: `ws://${crew.connectors()[0]}/v1/ws`,
        token: tokens.get("reader")!
      })
      reader.connect()
      try {
        for (const channel of [...logged, ...latestOnly]) await readAll(channel, reader)
      } catch (error) {
        crew.complain(`a newcomer cannot read: ${error}`)
      } finally {
        await reader.close()
      }
      const port = await deployment.redis.port()
      for (const log of await readFinalLogs(port, [...logged, ...latestOnly])) crew.record(log)
    },
    close
  }
}
