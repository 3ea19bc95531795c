/**
 * Witness: a client beside the one under test, which must notice nothing.
 */
import { connectJson } from "./JsonClient.ts"
import { developmentToken, type WeirProcess } from "./WeirProcess.ts"

export interface Witness {
  /** Publishes and receives; fails if either does not work any more. */
  readonly seesLife: () => Promise<void>
}

const channel = "chat:witness"

export const startWitness = async ({ http }: WeirProcess): Promise<Witness> => {
  const token = await developmentToken(http!, "witness")
  const client = await connectJson(http!, { token, subscriptions: [{ channel }] })
  let count = 0
  return {
    seesLife: async () => {
      count++
      const answer = await client.publish(channel, count)
      if (answer.type !== "published") {
        throw new Error(`the witness cannot publish: ${JSON.stringify(answer)}`)
      }
      const { payload } = await client.take("publication")
      if (payload.data !== count) throw new Error(`the witness received ${payload.data}`)
    }
  }
}

/** Alive after all that, and nothing in its log that looks like a bug. */
export const complaints = async (server: WeirProcess): Promise<ReadonlyArray<string>> => {
  const found: Array<string> = []
  if (server.child.exitCode !== null) found.push(`ended with ${server.child.exitCode}`)
  else if (!(await fetch(`http://${server.ops}/livez`)).ok) found.push("is not alive")
  // A line of a stack trace.
  found.push(
    ...server
      .log()
      .split("\n")
      .filter((line) => /^\s+at \S/.test(line))
  )
  return found
}
