/**
 * Revoke: users who are on every connector are revoked, one after the other, under load: how
 * long until each of their connections has ended, and their tickets are refused everywhere.
 *
 * For a while one connector hears nothing, and is measured from the moment when it is back.
 */
import { setTimeout as sleep } from "node:timers/promises"
import * as grpc from "@grpc/grpc-js"
import { AdminServiceDefinition, RestrictRequest } from "@weir/proto/api/v1/admin"
import type { Publishing } from "../../System.ts"
import { makeFailing } from "../Failing.ts"
import type { JobKind, RunJob } from "../Job.ts"
import { openPublisher } from "../Publishers.ts"
import { stream } from "../Stream.ts"

export interface RevokeJob extends JobKind {
  readonly kind: "revoke"
  /** Of the connectors. */
  readonly addresses: ReadonlyArray<string>
  readonly publishing: Extract<Publishing, { kind: "weir" }>
  /** One for each user, in the order of `users`. */
  readonly tokens: ReadonlyArray<string>
  readonly users: ReadonlyArray<string>
  readonly channel: string
  /** Publications that all of them hear. */
  readonly perSecond: number
  /** The last connector's, and how many of the users are revoked while it stands still. */
  readonly cutPid: number
  readonly whileCut: number
}

/** Times are milliseconds. */
export interface RevokeResult {
  /** From the call until the last of a user's connections has ended. */
  readonly ended: ReadonlyArray<number>
  /** From the call until a ticket of the user's was refused by whichever connector was asked. */
  readonly refused: ReadonlyArray<number>
  /** From when a connector is back until a user's connection there has ended. */
  readonly afterCut: ReadonlyArray<number>
  /** Tickets that were accepted after all connections of their user had ended. */
  readonly acceptedLate: number
  /** Connections that ended with another code, or not at all. */
  readonly wrong: number
  readonly deliveries: number
}

const revokedCode = 3505
const pauseMs = 100
const cutMs = 3_000
const limitMs = 10_000
const retryMs = 5
const openAtOnce = 32

interface Held {
  readonly ticket: string
  /** When it ended, and how. */
  readonly ended: Promise<{ readonly at: number; readonly code: number }>
}

const now = (): number => performance.now()

const opened = async (address: string, connect: object): Promise<WebSocket> => {
  const socket = new WebSocket(`ws://${address}/v1/ws`)
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = () => reject(new Error(`${address} refuses a handshake`))
  })
  socket.send(JSON.stringify({ type: "connect", id: 1, payload: { versions: ["1"], ...connect } }))
  return socket
}

const revoke = async (
  { addresses, channel, cutPid, perSecond, publishing, tokens, users, whileCut }: RevokeJob,
  onFailure: (why: string) => void
): Promise<RevokeResult> => {
  let deliveries = 0
  let wrong = 0
  let acceptedLate = 0

  const hold = async (address: string, token: string): Promise<Held> => {
    const socket = await opened(address, { token, subscriptions: [{ channel }] })
    const ended = new Promise<{ at: number; code: number }>((resolve) => {
      socket.onclose = ({ code }) => resolve({ at: now(), code })
    })
    const ticket = await new Promise<string>((resolve, reject) => {
      socket.onmessage = ({ data }) => {
        const { payload, type } = JSON.parse(data)
        if (type !== "connected") return reject(new Error(`${address} answers ${data}`))
        socket.onmessage = ({ data }) => {
          if (data.includes('"ping"')) socket.send('{"type":"pong","payload":{}}')
          else deliveries++
        }
        resolve(payload.ticket)
      }
    })
    return { ticket, ended }
  }

  /** Is the ticket still good there? */
  const isAccepted = async (address: string, ticket: string): Promise<boolean> => {
    const socket = await opened(address, { ticket })
    return new Promise((resolve) => {
      socket.onmessage = () => {
        resolve(true)
        socket.close()
      }
      socket.onclose = () => resolve(false)
    })
  }

  const client = new grpc.Client(publishing.addresses[0]!, grpc.credentials.createInsecure())
  const metadata = new grpc.Metadata()
  metadata.set("authorization", `Bearer ${publishing.key}`)
  const { fullName, methods } = AdminServiceDefinition
  const restrict = (user: string): Promise<void> => {
    const target = { target: { $case: "user" as const, value: user } }
    const request = { kind: "revoke", target, forSeconds: 0, issuedBefore: 0, reason: "" }
    return new Promise((resolve, reject) =>
      client.makeUnaryRequest(
        `/${fullName}/${methods.restrict.name}`,
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        Buffer.from(RestrictRequest.encode(request).finish()),
        metadata,
        (error) => (error ? reject(error) : resolve())
      )
    )
  }

  const held: Array<ReadonlyArray<Held>> = []
  let next = 0
  const holdSome = async () => {
    while (next < users.length) {
      const index = next++
      held[index] = await Promise.all(addresses.map((it) => hold(it, tokens[index]!)))
    }
  }
  await Promise.all(Array.from({ length: openAtOnce }, holdSome))

  const publisher = await openPublisher(publishing, onFailure)
  const endStream = stream(publisher, [channel], perSecond)

  const lastEnd = async (those: ReadonlyArray<Held>): Promise<number> => {
    const late = sleep(limitMs).then(() => ({ at: Number.POSITIVE_INFINITY, code: 0 }))
    const ends = await Promise.all(those.map(({ ended }) => Promise.race([ended, late])))
    wrong += ends.filter(({ code }) => code !== revokedCode).length
    return Math.max(...ends.map(({ at }) => at))
  }

  const refusedAt = async (address: string, ticket: string): Promise<number> => {
    const end = now() + limitMs
    while (now() < end) {
      if (!(await isAccepted(address, ticket))) return now()
      await sleep(retryMs)
    }
    return Number.POSITIVE_INFINITY
  }

  const ended: Array<number> = []
  const refused: Array<number> = []
  const inTime = users.length - whileCut
  const work: Array<Promise<void>> = []
  const revokeOne = async (index: number): Promise<void> => {
    const begin = now()
    const those = held[index]!
    const { ticket } = those[0]!
    const refusal = restrict(users[index]!).then(() =>
      refusedAt(addresses[index % addresses.length]!, ticket)
    )
    const [end, refusedFrom] = await Promise.all([lastEnd(those), refusal])
    ended.push(end - begin)
    refused.push(refusedFrom - begin)
    for (const address of addresses) {
      if (await isAccepted(address, ticket)) acceptedLate++
    }
  }
  for (let index = 0; index < inTime; index++) {
    work.push(revokeOne(index))
    await sleep(pauseMs)
  }
  await Promise.all(work)

  process.kill(cutPid, "SIGSTOP")
  const stopped = now()
  for (let index = inTime; index < users.length; index++) await restrict(users[index]!)
  await sleep(Math.max(0, cutMs - (now() - stopped)))
  process.kill(cutPid, "SIGCONT")
  const back = now()
  const afterCut = await Promise.all(
    held.slice(inTime).map(async (those) => (await lastEnd(those.slice(-1))) - back)
  )

  endStream()
  publisher.close()
  client.close()
  return { ended, refused, afterCut, acceptedLate, wrong, deliveries }
}

export const run: RunJob<RevokeJob, RevokeResult> = (job) => {
  const { failed, onFailure } = makeFailing()
  return Promise.race([revoke(job, onFailure), failed])
}
