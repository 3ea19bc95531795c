/**
 * Handshakes: many connections, so many of them at once, each of which says who it is
 * and is answered.
 *
 * In rounds: what a round has opened stays open until its end, and goes before the next
 * one begins. Only the opening is measured. The first round is for the compiler, and
 * for tickets.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { cpuSeconds } from "../../ProcStat.ts"
import type { Process } from "../../System.ts"
import { type Issuer, signToken } from "../../Token.ts"
import { nowMicros } from "../Clock.ts"
import type { Dialect } from "../Dialect.ts"
import { type IntroductionName, loadIntroduction } from "../Introductions.ts"
import type { JobKind, RunJob } from "../Job.ts"
import { latencies, type Percentiles, percentilesOf } from "../Latencies.ts"
import { openSocket, type RawSocket, SharedReads } from "../RawSocket.ts"
import { beginUsage, type Usage } from "../Usage.ts"

export interface HandshakesJob extends JobKind {
  readonly kind: "handshakes"
  readonly introduction: IntroductionName
  readonly address: string
  readonly localAddresses: ReadonlyArray<string>
  readonly issuer: Issuer
  readonly atOnce: number
  readonly perRound: number
  /** Those that are measured. */
  readonly rounds: number
  readonly processes: ReadonlyArray<Process>
}

export interface HandshakesResult extends Usage {
  readonly handshakes: number
  /** Microseconds from the first packet to the answer. */
  readonly latency: Percentiles
}

const quietMs = 300
/** Below a tick of the kernel's in that time. */
const quietSeconds = 0.02
const mostQuietChecks = 50

/** Until the servers have done with those that left. */
const untilQuiet = async (processes: ReadonlyArray<Process>): Promise<void> => {
  const used = () => processes.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0)
  for (let check = 0; check < mostQuietChecks; check++) {
    const before = used()
    await sleep(quietMs)
    if (used() - before < quietSeconds) return
  }
}

const sumOf = (rounds: ReadonlyArray<Usage>): Usage => {
  const total: Record<string, number> = {}
  let seconds = 0
  let driverCpuSeconds = 0
  for (const round of rounds) {
    seconds += round.seconds
    driverCpuSeconds += round.driverCpuSeconds
    for (const [name, used] of Object.entries(round.cpuSeconds)) {
      total[name] = (total[name] ?? 0) + used
    }
  }
  return { seconds, cpuSeconds: total, driverCpuSeconds }
}

export const run: RunJob<HandshakesJob, HandshakesResult> = async (job) => {
  const { address, atOnce, introduction, issuer, localAddresses, perRound, processes } = job
  const reads = new SharedReads()
  const histogram = latencies()
  let credentials = Array.from({ length: perRound }, (_, index) =>
    signToken(issuer, `user-${index}`, Date.now())
  )

  /** Opens them all; gives the sockets, and the tickets by their place. */
  const round = async (name: IntroductionName, isMeasured: boolean) => {
    const introduce = await loadIntroduction(name)
    const sockets: Array<RawSocket> = []
    const tickets: Array<string> = []
    let next = 0
    let isClosing = false

    const handshake = (index: number) =>
      new Promise<void>((resolve, reject) => {
        const dialect: Dialect = introduce((ticket) => {
          tickets[index] = ticket
        })
        const begin = nowMicros()
        const ready = () => {
          if (isMeasured) histogram.record(Math.max(1, nowMicros() - begin))
          resolve()
        }
        const closed = (why: string) => {
          if (!isClosing) reject(new Error(`handshake ${index}: ${why}`))
        }
        const localAddress = localAddresses[index % localAddresses.length]
        const options = { address, localAddress, dialect, channel: "", token: credentials[index]! }
        sockets.push(openSocket(reads, options, { ready, publication: () => {}, closed }))
      })
    const line = async () => {
      while (next < perRound) await handshake(next++)
    }
    const endUsage = beginUsage(processes)
    await Promise.all(Array.from({ length: atOnce }, line))
    const usage = endUsage()
    isClosing = true
    for (const socket of sockets) socket.close()
    await untilQuiet(processes)
    return { usage, tickets }
  }

  const withTickets = introduction === "weir-ticket"
  const first = await round(withTickets ? "weir-token" : introduction, false)
  if (withTickets) credentials = first.tickets
  const measured: Array<Usage> = []
  for (let number = 0; number < job.rounds; number++) {
    measured.push((await round(introduction, true)).usage)
  }
  return {
    ...sumOf(measured),
    handshakes: job.rounds * perRound,
    latency: percentilesOf(histogram)
  }
}
