/**
 * TcpProxy: stands between a client and Weir, and cuts what passes through it.
 */
import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"

export interface TcpProxy {
  /** host:port for the client. */
  readonly address: string
  /** Resets every connection that is open now. */
  readonly cut: () => void
  /** Passes nothing on to clients, as if none of them read, or goes on. */
  readonly stall: (stall: boolean) => void
  /** Refuses new connections, or takes them again. */
  readonly refuse: (refuse: boolean) => void
  /** Sends new connections elsewhere, as a load balancer does whose target has failed. */
  readonly moveTo: (...targets: ReadonlyArray<string>) => void
  /**
   * Lets nothing through that matches, as proxies do that do not know it: cuts whoever sends it,
   * or answers in Weir's place, or keeps for itself what Weir answers.
   */
  readonly block: (pattern: RegExp | undefined, how?: Blocking) => void
  readonly close: () => Promise<void>
}

export type Blocking = "cut" | "hold" | { readonly answer: string }

/** The next target that takes a connection, of at most so many. */
const reach = (next: () => string, tries: number, then: (upstream: Socket | undefined) => void) => {
  const [host, port] = next().split(":")
  const upstream = connect(Number(port), host)
  const failed = () => (tries > 1 ? reach(next, tries - 1, then) : then(undefined))
  upstream.once("error", failed)
  upstream.once("connect", () => {
    upstream.off("error", failed)
    then(upstream)
  })
}

/**
 * Each connection goes to the next of the targets, whatever it carries; one that refuses is
 * passed over.
 */
export const startProxy = async (...first: ReadonlyArray<string>): Promise<TcpProxy> => {
  let targets = first
  let turn = 0
  const open = new Set<Socket>()
  const upstreams = new Set<Socket>()
  let refusing = false
  let blocked: RegExp | undefined
  let blocking: Blocking = "cut"
  const server = createServer((client) => {
    if (refusing) return void client.resetAndDestroy()
    client.on("error", () => {})
    const next = () => targets[turn++ % targets.length]!
    reach(next, targets.length, (upstream) => {
      if (upstream === undefined || client.destroyed) {
        upstream?.destroy()
        return void client.destroy()
      }
      client.on("data", (chunk) => {
        if (!blocked?.test(chunk.toString("latin1"))) return
        if (blocking === "cut") return void client.resetAndDestroy()
        upstream.unpipe(client)
        upstream.resume()
        if (blocking !== "hold") client.end(blocking.answer)
      })
      upstreams.add(upstream)
      upstream.once("close", () => upstreams.delete(upstream))
      for (const [from, to] of [
        [client, upstream],
        [upstream, client]
      ] as const) {
        open.add(from)
        from.on("error", () => to.destroy())
        from.on("close", () => {
          open.delete(from)
          to.destroy()
        })
        from.pipe(to)
      }
    })
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const cut = () => {
    for (const socket of open) socket.resetAndDestroy()
  }
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    stall: (stall) => {
      for (const upstream of upstreams) {
        if (stall) upstream.pause()
        else upstream.resume()
      }
    },
    refuse: (refuse) => {
      refusing = refuse
    },
    moveTo: (...others) => {
      targets = others
    },
    block: (pattern, how = "cut") => {
      blocked = pattern
      blocking = how
    },
    close: async () => {
      cut()
      server.close()
      await once(server, "close")
    }
  }
}
