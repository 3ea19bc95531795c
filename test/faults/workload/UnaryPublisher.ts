/**
 * UnaryPublisher: a service that publishes one by one, and again with the same id
 * after a failure that may pass.
 */
import { setTimeout as sleep } from "node:timers/promises"
import type * as grpc from "@grpc/grpc-js"
import { digest, now } from "../history/History.ts"
import { type Crew, dataOf, type PublishingMember, phaseOf } from "./Crew.ts"
import { codeOf, keyId, PublishApis } from "./PublishApi.ts"

const mostUndecided = 128
const attemptMs = 3_000
const retryMs = 100
const patienceMs = 15_000

export const startUnaryPublisher = (crew: Crew, name: string): PublishingMember => {
  const random = crew.random.fork()
  const apis = new PublishApis()
  let undecided = 0
  let count = 0
  let isClosed = false

  const publish = async (channel: string) => {
    const messageId = `${name}-${++count}`
    const text = dataOf(messageId)
    // Calls beside each other have no order, so each is a process of its own.
    const what = {
      type: "publish",
      process: messageId,
      publisher: keyId,
      channel,
      messageId
    } as const
    const publication = {
      ...{ channel, message_id: messageId, content_type: "text/plain", data: Buffer.from(text) }
    }
    const end = now() + patienceMs
    do {
      const api = apis.at(random.pick(crew.routers()))
      crew.record({ t: now(), ...what, phase: "invoke", sha: digest(text) })
      try {
        const { duplicate, position } = await api.publish(publication, attemptMs)
        return crew.record({ t: now(), ...what, phase: "ok", position, duplicate })
      } catch (error) {
        const code = codeOf(error as grpc.ServiceError)
        crew.record({ t: now(), ...what, phase: phaseOf(code), code })
        if (code === "internal") crew.complain(`${name}, ${channel}: ${error}`)
        if (phaseOf(code) === "fail") return
      }
      await sleep(retryMs)
    } while (now() < end && !isClosed)
  }
  return {
    publish: (channel) => {
      if (undecided >= mostUndecided) return
      undecided++
      publish(channel).finally(() => undecided--)
    },
    undecided: () => undecided,
    close: async () => {
      isClosed = true
      apis.close()
    }
  }
}
