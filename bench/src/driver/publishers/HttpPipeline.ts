/**
 * HttpPipeline: POST requests on one connection that is kept, without waiting for the
 * answers of those before: their order is kept, and all of one turn go in one write.
 */
import { openTurnSocket } from "./TurnSocket.ts"

export interface HttpPipeline {
  readonly post: (path: string, body: Buffer) => void
  readonly close: () => void
}

export interface HttpPipelineOptions {
  /** `host:port`. */
  readonly address: string
  /** Beside `Host` and `Content-Length`, each with its line end. */
  readonly headers: string
  /** Why an answer is no success; undefined: it is. */
  readonly refusal: (status: number, body: Buffer) => string | undefined
  readonly onFailure: (message: string) => void
}

const headerEnd = "\r\n\r\n"

export const openHttpPipeline = async (options: HttpPipelineOptions): Promise<HttpPipeline> => {
  const { address, headers, onFailure, refusal } = options
  const { close, lost, socket, write } = await openTurnSocket(address, onFailure)
  let unread: Buffer = Buffer.alloc(0)

  socket.on("data", (chunk: Buffer) => {
    const bytes = unread.length === 0 ? chunk : Buffer.concat([unread, chunk])
    let at = 0
    while (true) {
      const end = bytes.indexOf(headerEnd, at)
      if (end < 0) break
      const head = bytes.toString("latin1", at, end)
      const length = /^content-length: *(\d+)/im.exec(head)?.[1]
      if (length === undefined) return lost(`an answer of no known length: ${head}`)
      const bodyStart = end + headerEnd.length
      const bodyEnd = bodyStart + Number(length)
      if (bodyEnd > bytes.length) break
      const why = refusal(Number(head.slice(9, 12)), bytes.subarray(bodyStart, bodyEnd))
      if (why !== undefined) lost(why)
      at = bodyEnd
    }
    unread = bytes.subarray(at)
  })

  return {
    post: (path, body) => {
      const head = `POST ${path} HTTP/1.1\r\nHost: ${address}\r\n${headers}Content-Length: ${body.length}\r\n\r\n`
      write(Buffer.from(head), body)
    },
    close
  }
}
