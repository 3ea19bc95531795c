// The same over gRPC: node examples/publish/publish-grpc.mjs chat:lobby '{"text":"hi over gRPC"}' order-20
import { randomUUID } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import grpc from "@grpc/grpc-js"
import { loadSync } from "@grpc/proto-loader"

const { WEIR_API = "127.0.0.1:9090", WEIR_API_KEY = "dev-key" } = process.env
const again = [
  grpc.status.UNAVAILABLE,
  grpc.status.RESOURCE_EXHAUSTED,
  grpc.status.ABORTED,
  grpc.status.DEADLINE_EXCEEDED
]
const patienceMs = 60_000 // message ids are known for 120 s
const attemptMs = 10_000

const includeDirs = [fileURLToPath(new URL("../../proto", import.meta.url))]
const options = { includeDirs, longs: Number, defaults: true }
const definitions = loadSync("weir/api/v1/publish.proto", options)
const { PublishService } = grpc.loadPackageDefinition(definitions).weir.api.v1

// One client for the whole process. What is set here is for a router that dies: grpc-js would
// notice late, and then wait up to two minutes before it looks for it again.
const client = new PublishService(WEIR_API, grpc.credentials.createInsecure(), {
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 5_000,
  "grpc.max_reconnect_backoff_ms": 1_000
})
const metadata = new grpc.Metadata()
metadata.set("authorization", `Bearer ${WEIR_API_KEY}`)

function attempt(publication) {
  const deadline = Date.now() + attemptMs
  return new Promise((resolve, reject) =>
    client.publish(publication, metadata, { deadline }, (error, response) =>
      error ? reject(error) : resolve(response)
    )
  )
}

export async function publish(channel, data, messageId = randomUUID()) {
  const publication = { channel, data: Buffer.from(JSON.stringify(data)), messageId }
  const end = Date.now() + patienceMs
  for (let tries = 0; ; tries++) {
    try {
      return await attempt(publication)
    } catch (error) {
      const retryAfterMs = Number(error.metadata?.get("weir-retry-after-ms")[0] ?? 0)
      const waitMs = retryAfterMs + Math.random() * Math.min(10_000, 200 * 2 ** tries)
      if (!again.includes(error.code) || Date.now() + waitMs > end) throw error
      await sleep(waitMs)
    }
  }
}

if (import.meta.filename === process.argv[1]) {
  const [, , channel, data, messageId] = process.argv
  console.log(JSON.stringify(await publish(channel, JSON.parse(data), messageId)))
  client.close()
}
