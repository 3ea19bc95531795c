/**
 * FaultProxy: a bad network in front of one TCP address.
 *
 * It delays, slows, slices, swallows and cuts what passes. It holds a bounded
 * number of bytes of each direction of a connection and then stops reading, so
 * that a sender feels a slow network as it would a real one.
 */
import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net"
import type { Faults } from "./Faults.ts"
import { Passage } from "./Passage.ts"

export interface FaultProxy {
  /** host:port for those who are to meet the faults. */
  readonly address: string
  /** From now on just these, also for connections that are open. */
  readonly set: (faults: Faults) => void
  /** Resets every connection that is open now. */
  readonly cut: () => void
  /** Resets new connections, or takes them again. */
  readonly refuse: (refuse: boolean) => void
  /** New connections go to this host:port. */
  readonly retarget: (target: string) => void
  /** No faults any more. What was swallowed stays lost: cut where that matters. */
  readonly heal: () => void
  readonly close: () => Promise<void>
}

/** Mulberry32: the same jitter for the same seed. */
const randomFrom = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
}

const addressOf = (target: string) => {
  const colon = target.lastIndexOf(":")
  return { host: target.slice(0, colon), port: Number(target.slice(colon + 1)) }
}

const listen = async (server: Server, port: number): Promise<string> => {
  server.listen(port, "127.0.0.1")
  await once(server, "listening")
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Port 0: a free one. */
export const start = async (target: string, port = 0, seed = 1): Promise<FaultProxy> => {
  const open = new Set<Socket>()
  const passages = new Set<Passage>()
  const random = randomFrom(seed)
  let faults: Faults = {}
  let refusing = false
  let to = target

  const pass = (from: Socket, into: Socket, isDropped: () => boolean | undefined) => {
    open.add(from)
    const passage = new Passage(from, into, {
      faults: () => faults,
      isDropped: () => isDropped() === true,
      random
    })
    passages.add(passage)
    from.once("close", (failed) => {
      open.delete(from)
      // What broke on one side breaks on the other, unless nothing gets there.
      if (failed && isDropped() !== true) into.resetAndDestroy()
    })
    into.once("close", () => {
      passage.stop()
      passages.delete(passage)
    })
  }

  const server = createServer({ allowHalfOpen: true }, (client) => {
    client.on("error", () => {})
    if (refusing) return void client.resetAndDestroy()
    const upstream = connect({ ...addressOf(to), allowHalfOpen: true, noDelay: true })
    upstream.on("error", () => {})
    client.setNoDelay(true)
    pass(client, upstream, () => faults.dropToServer)
    pass(upstream, client, () => faults.dropToClient)
  })
  const address = await listen(server, port)

  const set = (next: Faults) => {
    faults = next
    for (const passage of passages) passage.reconsider()
  }
  const cut = () => {
    for (const socket of open) socket.resetAndDestroy()
  }
  return {
    address,
    set,
    cut,
    refuse: (refuse) => {
      refusing = refuse
    },
    retarget: (target) => {
      to = target
    },
    heal: () => {
      refusing = false
      set({})
    },
    close: async () => {
      cut()
      server.close()
      await once(server, "close")
    }
  }
}
