/**
 * UnaryCalls: unary gRPC calls, bytes for bytes, on one HTTP/2 session of Node's.
 *
 * A call through grpc-js takes the driver as long as it takes a server: on two cores,
 * what was measured was how both shared them. This takes less. It follows "gRPC over
 * HTTP2" as far as a benchmark needs it: no compression, no deadlines, no retries.
 */
import { once } from "node:events"
import { connect, constants, type OutgoingHttpHeaders } from "node:http2"

export interface UnaryCalls {
  /** `answered`: once, with the response, or with why there is none. */
  readonly call: (request: Buffer, answered: (result: Buffer | Error) => void) => void
  readonly close: () => void
}

/** A byte that says "not compressed", and the length. */
const prefixBytes = 5

const framed = (message: Buffer): Buffer => {
  const frame = Buffer.allocUnsafe(prefixBytes + message.byteLength)
  frame[0] = 0
  frame.writeUInt32BE(message.byteLength, 1)
  message.copy(frame, prefixBytes)
  return frame
}

export const openUnaryCalls = async (
  address: string,
  path: string,
  authorization: string
): Promise<UnaryCalls> => {
  const session = connect(`http://${address}`)
  await once(session, "connect")
  // Each call that it ends says so itself.
  session.on("error", () => {})
  const headers: OutgoingHttpHeaders = {
    [constants.HTTP2_HEADER_METHOD]: "POST",
    [constants.HTTP2_HEADER_PATH]: path,
    [constants.HTTP2_HEADER_TE]: "trailers",
    [constants.HTTP2_HEADER_CONTENT_TYPE]: "application/grpc",
    [constants.HTTP2_HEADER_AUTHORIZATION]: authorization
  }
  return {
    call: (request, answered) => {
      const stream = session.request(headers)
      const chunks: Array<Buffer> = []
      // A call that fails at once has its status in the headers.
      let status: OutgoingHttpHeaders = {}
      const takeStatus = (fields: OutgoingHttpHeaders) => {
        if (fields["grpc-status"] !== undefined) status = fields
      }
      let failed: Error | undefined
      stream
        .on("response", takeStatus)
        .on("trailers", takeStatus)
        .on("data", (chunk: Buffer) => chunks.push(chunk))
        .on("error", (error: Error) => {
          failed = error
        })
        .once("close", () => {
          if (failed !== undefined) return answered(failed)
          if (status["grpc-status"] === "0") {
            return answered(Buffer.concat(chunks).subarray(prefixBytes))
          }
          const why = decodeURIComponent(String(status["grpc-message"] ?? "the connection is lost"))
          answered(new Error(`${status["grpc-status"] ?? ""} ${why}`.trim()))
        })
      stream.end(framed(request))
    },
    close: () => session.close()
  }
}
