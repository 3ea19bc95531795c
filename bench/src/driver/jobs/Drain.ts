/**
 * Drain: a server that holds all connections is told to end; when each client is told to go, and
 * when it is back at another one.
 *
 * Each goes at a moment of its own choice, as Weir's SDK does.
 */
import { setTimeout as sleep } from "node:timers/promises"
import type { Process, Subscribing } from "../../System.ts"
import { nowMicros } from "../Clock.ts"
import type { Dialect } from "../Dialect.ts"
import { loadDialect } from "../Dialects.ts"
import { makeFailing } from "../Failing.ts"
import type { JobKind, RunJob } from "../Job.ts"
import { openSocket, type RawSocket, SharedReads } from "../RawSocket.ts"
import { beginUsage, type Usage } from "../Usage.ts"

export interface DrainJob extends JobKind {
  readonly kind: "drain"
  /** The first address is that of the one that ends; the others take its clients in. */
  readonly subscribing: Subscribing
  readonly connections: number
  readonly channels: ReadonlyArray<string>
  readonly ends: Process
  readonly limitSeconds: number
  readonly processes: ReadonlyArray<Process>
  readonly localAddresses: ReadonlyArray<string>
}

/** Times are milliseconds from the signal; the usage is that until all are back. */
export interface DrainResult extends Usage {
  /** When each client was told to go, in that order. */
  readonly told: ReadonlyArray<number>
  /** When each was subscribed again. */
  readonly back: ReadonlyArray<number>
  /** Were closed before they had gone by themselves. */
  readonly closed: number
}

const atOnce = 64
const pollMs = 10

/** `{"type":"goaway"`: no other type that comes unasked begins with these two letters. */
const isGoAway = (bytes: Buffer, start: number): boolean =>
  bytes[start + 9] === 0x67 && bytes[start + 10] === 0x6f

interface GoAway {
  readonly payload: { readonly afterMs: { readonly min: number; readonly max: number } }
}

const hearing = (dialect: Dialect, onGoAway: (frame: GoAway) => void): Dialect => ({
  ...dialect,
  reader: (sink, channel) => {
    const read = dialect.reader(sink, channel)
    return (bytes, start, end) =>
      isGoAway(bytes, start)
        ? onGoAway(JSON.parse(bytes.toString("utf8", start, end)))
        : read(bytes, start, end)
  }
})

const drain = async (job: DrainJob, onFailure: (why: string) => void): Promise<DrainResult> => {
  const { channels, connections, ends, limitSeconds, localAddresses, processes } = job
  const { addresses, token } = job.subscribing
  const dialect = await loadDialect(job.subscribing.dialect)
  const reads = new SharedReads()
  const told: Array<number> = []
  const back: Array<number> = []
  const open = new Set<RawSocket>()
  let closed = 0
  let begin = 0
  let isOver = false
  const since = () => (nowMicros() - begin) / 1_000

  const connect = (index: number, address: string, spoken: Dialect, ready: () => void) => {
    const channel = channels[index % channels.length]!
    const localAddress = localAddresses[index % localAddresses.length]
    let isLeft = false
    const socket = openSocket(
      reads,
      { address, localAddress, dialect: spoken, channel, token },
      {
        ready,
        publication: () => {},
        closed: (why) => {
          open.delete(socket)
          if (isLeft || isOver) return
          if (begin === 0 || address !== addresses[0]) return onFailure(`client ${index}: ${why}`)
          closed++
        }
      }
    )
    open.add(socket)
    return () => {
      isLeft = true
      socket.close()
    }
  }

  const hold = (index: number): Promise<void> =>
    new Promise((resolve) => {
      const comeBack = () => {
        leave()
        const other = addresses[1 + (index % (addresses.length - 1))]!
        connect(index, other, dialect, () => back.push(since()))
      }
      const onGoAway = ({ payload }: GoAway) => {
        told.push(since())
        const { max, min } = payload.afterMs
        setTimeout(comeBack, min + Math.random() * (max - min))
      }
      const leave = connect(index, addresses[0]!, hearing(dialect, onGoAway), resolve)
    })

  let started = 0
  const holdSome = async () => {
    while (started < connections) await hold(started++)
  }
  await Promise.all(Array.from({ length: atOnce }, holdSome))

  const endUsage = beginUsage(processes)
  begin = nowMicros()
  process.kill(ends.pid, "SIGTERM")
  while (back.length < connections && since() < limitSeconds * 1_000) await sleep(pollMs)
  const usage = endUsage()
  isOver = true
  for (const socket of open) socket.close()
  return { ...usage, told, back, closed }
}

export const run: RunJob<DrainJob, DrainResult> = (job) => {
  const { failed, onFailure } = makeFailing()
  return Promise.race([drain(job, onFailure), failed])
}
