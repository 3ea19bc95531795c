/**
 * Centrifugo: publishes by the batch method of its HTTP API, whose commands run one
 * after the other.
 */
import type { Publishing } from "../../System.ts"
import type { OpenPublisher } from "../Publisher.ts"
import { openHttpPipeline } from "./HttpPipeline.ts"

/** Its answer has a known length, below 2 KB, up to here. */
const mostPerBatch = 100

const refusal = (status: number, body: Buffer): string | undefined =>
  status === 200 && !body.includes('"error"')
    ? undefined
    : `publishing was answered ${status} ${body.toString("utf8")}`

export const open: OpenPublisher<Extract<Publishing, { kind: "centrifugo" }>> = async (
  { address, key },
  onFailure
) => {
  const { close, post } = await openHttpPipeline({
    address,
    headers: `Content-Type: application/json\r\nX-API-Key: ${key}\r\n`,
    refusal,
    onFailure
  })
  let commands: Array<string> = []
  const flush = () => {
    for (let from = 0; from < commands.length; from += mostPerBatch) {
      const batch = commands.slice(from, from + mostPerBatch)
      post("/api/batch", Buffer.from(`{"commands":[${batch.join(",")}]}`))
    }
    commands = []
  }
  return {
    publish: (payloads, channel) => {
      if (commands.length === 0) queueMicrotask(flush)
      const name = JSON.stringify(channel)
      // A payload is JSON already.
      for (const data of payloads) commands.push(`{"publish":{"channel":${name},"data":${data}}}`)
    },
    close
  }
}
