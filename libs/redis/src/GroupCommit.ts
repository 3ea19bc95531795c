/**
 * GroupCommit: many writes that share one wait for the replicas.
 *
 * WAIT covers all that its connection has written before, and the server reads
 * nothing more from that connection until it is over. So one group is on its
 * way at a time, and everybody who asks meanwhile is in the next one.
 */
import type { Redis as Connection } from "ioredis"
import { answerLimitMs } from "./ConnectionOptions.ts"
import { writeAll } from "./Line.ts"
import type { DurableReply } from "./Redis.ts"
import { Request } from "./Request.ts"

const waitMs = 50

/** More would hold up the server's other connections. */
const groupSize = 1_000

interface Member {
  /** The last one is the write; before it may be what the server must hear first. */
  readonly requests: ReadonlyArray<Request>
  readonly replicas: number
  /** When it began to wait for its group. */
  readonly since: number
  readonly resolve: (answer: DurableReply) => void
  readonly reject: (error: Error) => void
}

export class GroupCommit {
  readonly #connection: Connection
  #members: Array<Member> = []
  #isRunning = false

  constructor(connection: Connection) {
    this.#connection = connection
  }

  send(requests: ReadonlyArray<Request>, replicas: number): Promise<DurableReply> {
    return new Promise((resolve, reject) => {
      this.#members.push({ requests, replicas, since: performance.now(), resolve, reject })
      if (this.#isRunning) return
      this.#isRunning = true
      setImmediate(() => this.#run())
    })
  }

  #takeGroup(): ReadonlyArray<Member> {
    const oldest = performance.now() - answerLimitMs
    return this.#members.splice(0, groupSize).filter(({ reject, since }) => {
      if (since < oldest) reject(new Error("its turn did not come in time"))
      return since >= oldest
    })
  }

  async #run(): Promise<void> {
    while (this.#members.length > 0) {
      const group = this.#takeGroup()
      if (group.length === 0) continue
      const wait = new Request("WAIT", [Math.max(...group.map(({ replicas }) => replicas)), waitMs])
      const answers = group.map(async ({ reject, requests, resolve }) => {
        const write = requests.at(-1)!
        try {
          const reply = await write.promise
          resolve({ reply, replicas: Number(await wait.promise) })
        } catch (error) {
          reject(error as Error)
        }
      })
      writeAll(this.#connection, [...group.flatMap(({ requests }) => requests), wait])
      await Promise.allSettled([wait.promise, ...answers])
    }
    this.#isRunning = false
  }
}
