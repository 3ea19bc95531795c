/**
 * CuttableLink: a TCP proxy to the server, whose connections can be cut.
 */
import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net"

export class CuttableLink {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(to: string) {
    const { hostname, port } = new URL(`tcp://${to}`)
    this.#server = createServer((near) => {
      const far = connect(Number(port), hostname)
      near.pipe(far).pipe(near)
      for (const [one, other] of [
        [near, far],
        [far, near]
      ] as const) {
        this.#sockets.add(one)
        one.on("error", () => {})
        one.on("close", () => {
          this.#sockets.delete(one)
          other.destroy()
        })
      }
    })
  }

  static async open(to: string): Promise<CuttableLink> {
    const link = new CuttableLink(to)
    link.#server.listen(0, "127.0.0.1")
    await once(link.#server, "listening")
    return link
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Resets every connection; what was on its way is lost. New ones pass. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  close(): void {
    this.cut()
    this.#server.close()
  }
}
