// Publishes, however often it has to ask, and each message once.
// node examples/publish/publish.mjs chat:lobby '{"text":"hi from Node"}' order-17
import { randomUUID } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"

const { WEIR_URL = "http://127.0.0.1:8080", WEIR_API_KEY = "dev-key" } = process.env
const again = [429, 503, 504]
const againCodes = ["too_many_requests", "unavailable", "aborted", "not_durable", "timeout"]
const patienceMs = 60_000 // message ids are known for 120 s
const attemptMs = 10_000

async function ask(path, body) {
  const response = await fetch(`${WEIR_URL}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${WEIR_API_KEY}`, "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(attemptMs)
  })
  const answer = await response.json()
  if (response.ok) return answer
  const retryAfterMs = 1000 * Number(response.headers.get("retry-after") ?? 0)
  const worthAnotherTry = again.includes(response.status)
  throw Object.assign(new Error(`${answer.code}: ${answer.message}`), {
    worthAnotherTry,
    retryAfterMs
  })
}

// Runs it until it is decided. What is not an answer, such as a lost connection, decides nothing.
async function untilDecided(attempt) {
  const end = Date.now() + patienceMs
  for (let tries = 0; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      const { worthAnotherTry = true, retryAfterMs = 0 } = error
      const waitMs = retryAfterMs + Math.random() * Math.min(10_000, 200 * 2 ** tries)
      if (!worthAnotherTry || Date.now() + waitMs > end) throw error
      await sleep(waitMs)
    }
  }
}

// The id is made once, before the first attempt. Yours may be the number of an order.
export function publish(channel, data, messageId = randomUUID()) {
  return untilDecided(() => ask("/v1/publish", { channel, data, messageId }))
}

// At most 256, of any channels. Each is decided for itself: an error, or where it was published.
export async function publishBatch(publications) {
  const results = publications.map(() => undefined)
  let waiting = publications.map((it, index) => ({ index, it: { messageId: randomUUID(), ...it } }))
  await untilDecided(async () => {
    const answer = await ask("/v1/publish/batch", { publications: waiting.map(({ it }) => it) })
    answer.results.forEach((result, place) => {
      results[waiting[place].index] = result
    })
    waiting = waiting.filter(({ index }) => againCodes.includes(results[index].error?.code))
    if (waiting.length === 0) return
    const retryAfterMs = Math.max(...waiting.map(({ index }) => results[index].error.retryAfterMs))
    throw Object.assign(new Error(`${waiting.length} are undecided`), { retryAfterMs })
  }).catch((error) => {
    if (results.includes(undefined)) throw error
  })
  return results
}

if (import.meta.filename === process.argv[1]) {
  const [, , channel, data, messageId] = process.argv
  console.log(JSON.stringify(await publish(channel, JSON.parse(data), messageId)))
}
