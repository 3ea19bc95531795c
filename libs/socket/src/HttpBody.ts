/**
 * HttpBody: the whole body of a request, up to a limit.
 */
import type { IncomingMessage } from "node:http"

/**
 * Calls `then` once, with undefined as soon as there is more than that; what follows is not
 * kept. Not at all if the client goes before its end.
 */
export const readBody = (
  request: IncomingMessage,
  maxBytes: number,
  then: (body: Buffer | undefined) => void
): void => {
  let chunks: Array<Buffer> | undefined = []
  let bytes = 0
  request.on("error", () => {})
  request.on("data", (chunk: Buffer) => {
    if (chunks === undefined) return
    bytes += chunk.byteLength
    if (bytes <= maxBytes) return void chunks.push(chunk)
    chunks = undefined
    then(undefined)
  })
  request.once("end", () => {
    if (chunks !== undefined) then(Buffer.concat(chunks))
  })
}
