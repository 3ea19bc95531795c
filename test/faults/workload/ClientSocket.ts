/**
 * ClientSocket: a WebSocket class for one client, which is sent to another connector
 * each time, as by a load balancer, and whose connections are seen and can be cut.
 */
import { WebSocket } from "ws"

export interface SocketOptions {
  readonly address: () => string
  readonly onSent?: (data: string) => void
  readonly onClosed?: (code: number, byUs: boolean) => void
}

export interface ClientSocket {
  readonly Socket: new (url: string, protocols?: string | Array<string>) => WebSocket
  /** Resets the open connection; false if there is none. */
  readonly cut: () => boolean
}

export const clientSocket = ({ address, onClosed, onSent }: SocketOptions): ClientSocket => {
  let open: Socket | undefined
  class Socket extends WebSocket {
    isCut = false
    constructor(_url: string, protocols?: string | Array<string>) {
      super(`ws://${address()}/v1/ws`, protocols, {
        perMessageDeflate: false,
        handshakeTimeout: 5_000
      })
      this.on("open", () => {
        open = this
      })
      this.on("close", (code: number) => {
        if (open !== this) return
        open = undefined
        onClosed?.(code, this.isCut)
      })
    }
    override send(data: string): void {
      // A socket that is not open throws or calls back; the close event says as much.
      if (this.readyState !== WebSocket.OPEN) return
      onSent?.(data)
      super.send(data)
    }
  }
  return {
    Socket,
    cut: () => {
      if (open === undefined) return false
      open.isCut = true
      open.terminate()
      return true
    }
  }
}
