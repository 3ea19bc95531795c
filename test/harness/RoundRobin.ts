/**
 * RoundRobin: the plainest load balancer: each connection goes to the next server, whatever it
 * carries.
 */
import { once } from "node:events"
import { type AddressInfo, connect, createServer } from "node:net"

export interface RoundRobin {
  readonly address: string
  readonly close: () => Promise<void>
}

export const startRoundRobin = async (targets: ReadonlyArray<string>): Promise<RoundRobin> => {
  let turn = 0
  const open = new Set<{ destroy: () => void }>()
  const server = createServer((client) => {
    const [host, port] = targets[turn++ % targets.length]!.split(":")
    const upstream = connect(Number(port), host)
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
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of open) socket.destroy()
      await once(server.close(), "close")
    }
  }
}
