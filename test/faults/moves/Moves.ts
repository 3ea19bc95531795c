/**
 * Moves: many publications over many channels while routers come and go as planned.
 *
 * All goes through one router that stays, so that no publisher ever loses a
 * connection: whatever error it sees is Weir's own.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { assign } from "@weir/cluster/Assignment"
import { shardCount } from "@weir/core/ChannelName"
import type { Position } from "@weir/core/Position"
import { recordKey } from "@weir/router/adapters/ShardKeys"
import { waitUntil } from "../../harness/waitUntil.ts"
import { type Deployment, deploy } from "../Deployment.ts"
import { readFinalLogs } from "../FinalLog.ts"
import { PublishApi } from "../workload/PublishApi.ts"
import { Latencies, type Percentiles } from "./Latencies.ts"

export interface MovesOptions {
  readonly publications: number
  readonly channels: number
  /** Publications a second, over all channels. */
  readonly rate: number
  /** `+router-4` joins, `-router-1` leaves; spread evenly over the publications. */
  readonly changes: ReadonlyArray<string>
  readonly onProgress?: (what: string) => void
}

export interface MovesResult {
  readonly accepted: number
  readonly failures: Readonly<Record<string, number>>
  /** Channels whose accepted offsets are not 1 to their count, or whose terms go down. */
  readonly broken: ReadonlyArray<string>
  /** Channels whose log in Redis is not what was accepted, in the same order. */
  readonly different: ReadonlyArray<string>
  /** Shards that changed their owner though both routers stayed. */
  readonly strayed: number
  readonly moved: number
  /** Of single publications, milliseconds: while nothing moves, and until a change has settled. */
  readonly atRest: Percentiles
  readonly whileMoving: Percentiles
  readonly seconds: number
}

const streams = 4
const batchSize = 64
const probesPerSecond = 200
const probeLimitMs = 10_000
const settleLimitMs = 60_000

interface Sequence {
  readonly channel: string
  next: number
  readonly positions: Array<Position>
}

const ownersOf = async (deployment: Deployment): Promise<ReadonlyArray<string>> => {
  const keys = Array.from({ length: shardCount }, (_, shard) => recordKey(shard))
  const script =
    "local r={} for i,k in ipairs(KEYS) do r[i]=redis.call('HGET',k,'n') or '' end return r"
  const text = await deployment.redis.cli("EVAL", script, String(keys.length), ...keys)
  return text.trimEnd().split("\n")
}

/** Who should own each shard, with these routers. */
const rightfulOwners = (routers: ReadonlySet<string>): ReadonlyArray<string> => {
  const nodes = [...routers].map((name) => ({
    ...{ name, role: "router" as const, mesh: "", incarnation: 1, draining: false }
  }))
  return assign({ version: 1, nodes }, "router").owners.map(({ name }) => name)
}

const isInOrder = ({ positions }: Sequence): boolean =>
  positions.every(
    ({ epoch, offset, term }, index) =>
      offset === index + 1 &&
      epoch === positions[0]!.epoch &&
      (index === 0 || term >= positions[index - 1]!.term)
  )

export const runMoves = async (options: MovesOptions): Promise<MovesResult> => {
  const { changes, channels, onProgress, publications, rate } = options
  const begin = performance.now()
  const deployment = await deploy({ counts: { connector: 0, presence: 0, auth: 0 } }, () => {})
  // router-2: the one that stays.
  const [, address] = deployment.addresses("router")
  const routers = new Set(["router-1", "router-2", "router-3"])
  const settled = () =>
    waitUntil(
      "every shard is with its rightful owner",
      async () => {
        const owners = await ownersOf(deployment)
        const rightful = rightfulOwners(routers)
        return owners.every((owner, shard) => owner === rightful[shard]) && owners
      },
      settleLimitMs
    )
  const api = new PublishApi(address!)
  const probing = new PublishApi(address!)
  try {
    const sequences = Array.from(
      { length: channels },
      (_, index): Sequence => ({
        ...{ channel: `chat:moves-${index}`, next: 0, positions: [] }
      })
    )
    const failures: Record<string, number> = {}
    const fail = (code: string) => {
      failures[code] = (failures[code] ?? 0) + 1
    }
    let accepted = 0
    let sent = 0
    let isChanging = false
    let isOver = false

    /** Its share of the channels in turns, a batch at a time, no faster than its share of the rate. */
    const publishShare = (share: number) =>
      new Promise<void>((resolve, reject) => {
        const mine = sequences.filter((_, index) => index % streams === share)
        const call = api.stream()
        const inFlight: Array<Sequence> = []
        const count = Math.ceil(publications / streams)
        const from = performance.now()
        let done = 0
        let turn = 0
        const send = () => {
          const left = count - turn
          if (left <= 0) return void (done >= count && call.end())
          const due = Math.floor(((performance.now() - from) / 1000) * (rate / streams)) - turn
          if (due < 1 || inFlight.length > batchSize) return void setTimeout(send, 2)
          const batch = Array.from({ length: Math.min(batchSize, left, due) }, () => {
            const sequence = mine[turn++ % mine.length]!
            inFlight.push(sequence)
            const message_id = `m-${++sequence.next}`
            const data = Buffer.from(message_id)
            return { channel: sequence.channel, message_id, content_type: "text/plain", data }
          })
          sent += batch.length
          call.write({ publications: batch })
          setImmediate(send)
        }
        call.on("data", ({ results }) => {
          for (const { failure, published } of results) {
            const sequence = inFlight.shift()!
            done++
            if (published === undefined) fail(failure!.code)
            else {
              accepted++
              sequence.positions.push(published.position)
            }
          }
          if (done >= count) call.end()
        })
        call.on("error", reject)
        call.on("end", resolve)
        send()
      })

    const atRest = new Latencies()
    const whileMoving = new Latencies()
    const probe = async () => {
      const waiting = new Set<Promise<void>>()
      for (let n = 0; !isOver; n++) {
        const channel = `chat:probe-${n % 200}`
        const startedAt = performance.now()
        const kind = isChanging ? whileMoving : atRest
        const publication = {
          ...{ channel, message_id: `p-${n}`, content_type: "text/plain", data: Buffer.from("p") }
        }
        const answered: Promise<void> = probing
          .publish(publication, probeLimitMs)
          .then(() => kind.add(performance.now() - startedAt))
          .catch((error) => fail(`probe ${error.code}`))
          .finally(() => waiting.delete(answered))
        waiting.add(answered)
        await sleep(1000 / probesPerSecond)
      }
      await Promise.all(waiting)
    }

    let strayed = 0
    let moved = 0
    const change = async () => {
      let before = await settled()
      for (const [index, step] of changes.entries()) {
        const at = ((index + 1) * publications) / (changes.length + 1)
        while (sent < at) await sleep(20)
        const name = step.slice(1)
        onProgress?.(`${accepted} accepted, ${step}`)
        isChanging = true
        if (step.startsWith("+")) {
          routers.add(name)
          await deployment.start(name)
        } else {
          routers.delete(name)
          await deployment.stop(name)
        }
        // A change is felt from its beginning until all shards are with their owners.
        const after = await settled()
        isChanging = false
        const others = before.flatMap((owner, shard) =>
          owner === after[shard] ? [] : [{ owner, next: after[shard] }]
        )
        moved += others.length
        strayed += others.filter(({ next, owner }) => owner !== name && next !== name).length
        before = after
      }
    }

    const probes = probe()
    const changing = change()
    await Promise.all(Array.from({ length: streams }, (_, share) => publishShare(share)))
    await changing
    isOver = true
    await probes
    const logs = new Map(
      (
        await readFinalLogs(
          deployment.redis.server.port,
          sequences.map(({ channel }) => channel)
        )
      ).map((log) => [log.channel, log])
    )
    const isSame = ({ channel, positions }: Sequence) => {
      const entries = logs.get(channel)?.entries ?? []
      return (
        entries.length === positions.length &&
        entries.every(
          ({ messageId, offset }, index) => messageId === `m-${index + 1}` && offset === index + 1
        )
      )
    }
    return {
      accepted,
      failures,
      broken: sequences.filter((it) => !isInOrder(it)).map(({ channel }) => channel),
      different: sequences.filter((it) => !isSame(it)).map(({ channel }) => channel),
      strayed,
      moved,
      atRest: atRest.percentiles(),
      whileMoving: whileMoving.percentiles(),
      seconds: (performance.now() - begin) / 1000
    }
  } finally {
    api.close()
    probing.close()
    await deployment.close()
  }
}
