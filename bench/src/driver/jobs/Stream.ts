/**
 * Stream: publishes in some channels until it is told anything, and says how many in each.
 *
 * In a process of its own where others are so busy that their line to a router would break.
 */
import type { Publishing } from "../../System.ts"
import { makeFailing } from "../Failing.ts"
import type { JobContext, JobKind, RunJob } from "../Job.ts"
import { openPublisher } from "../Publishers.ts"
import { stream } from "../Stream.ts"

export interface StreamJob extends JobKind {
  readonly kind: "stream"
  readonly publishing: Publishing
  readonly channels: ReadonlyArray<string>
  /** Publications per second in all channels together. */
  readonly perSecond: number
}

export interface StreamResult {
  /** In each channel. */
  readonly published: ReadonlyArray<number>
}

const publish = async (
  { channels, perSecond, publishing }: StreamJob,
  { nextLine }: JobContext,
  onFailure: (why: string) => void
): Promise<StreamResult> => {
  const publisher = await openPublisher(publishing, onFailure)
  const end = stream(publisher, channels, perSecond)
  await nextLine()
  const published = end()
  publisher.close()
  return { published }
}

export const run: RunJob<StreamJob, StreamResult> = (job, context) => {
  const { failed, onFailure } = makeFailing()
  return Promise.race([publish(job, context, onFailure), failed])
}
