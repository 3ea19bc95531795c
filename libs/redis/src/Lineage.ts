/**
 * Lineage: whether the servers still hold the history that they held.
 *
 * A server that started again has another run id, and a promoted replica another
 * replication id. Both may lack the newest writes, which no answer tells.
 */
import type { Redis as Connection } from "ioredis"
import { ask } from "./Line.ts"
import type { Servers } from "./Servers.ts"

const field = (info: string, name: string): string =>
  new RegExp(`^${name}:(.*?)\r?$`, "m").exec(info)?.[1] ?? ""

const read = async (connection: Connection): Promise<string | undefined> => {
  try {
    const [server, replication] = await Promise.all([
      ask(connection, "INFO", ["server"]),
      ask(connection, "INFO", ["replication"])
    ])
    return `${field(String(server), "run_id")} ${field(String(replication), "master_replid")}`
  } catch {
    // Who does not answer is looked at again once it does.
    return undefined
  }
}

/** Each call reads all primaries, and is true if one of them is not what it was. */
export const makeLineage = (servers: Servers) => {
  const known = new Map<string, string>()
  return async (): Promise<boolean> => {
    const found = await Promise.all(
      [...servers.primaries()].map(
        async ([name, connection]) => [name, await read(connection)] as const
      )
    )
    let isOther = false
    for (const [name, lineage] of found) {
      if (lineage === undefined) continue
      isOther ||= known.has(name) && known.get(name) !== lineage
      known.set(name, lineage)
    }
    return isOther
  }
}
