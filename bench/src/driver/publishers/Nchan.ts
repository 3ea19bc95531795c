/**
 * Nchan: publishes by HTTP POSTs, pipelined on one connection: Nchan orders messages by
 * their arrival, and requests on several connections arrive in no order.
 */
import type { Publishing } from "../../System.ts"
import type { OpenPublisher } from "../Publisher.ts"
import { openHttpPipeline } from "./HttpPipeline.ts"

/** 201: somebody is subscribed; 202: nobody is. */
const taken = [201, 202]

export const open: OpenPublisher<Extract<Publishing, { kind: "nchan" }>> = async (
  { address },
  onFailure
) => {
  const { close, post } = await openHttpPipeline({
    address,
    headers: "Content-Type: text/plain\r\n",
    refusal: (status) => (taken.includes(status) ? undefined : `publishing was answered ${status}`),
    onFailure
  })
  return {
    publish: (payloads, channel) => {
      const path = `/${encodeURIComponent(channel)}`
      for (const payload of payloads) post(path, payload)
    },
    close
  }
}
