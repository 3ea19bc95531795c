/**
 * Table: where things of a container are on this machine. Whatever it does not name stays
 * as it is.
 */
import { freePort } from "../harness/freePort.ts"

export interface Table {
  /** Of nodes and of Redis, each as it is written there. */
  readonly addresses: Readonly<Record<string, string>>
  /** Directories, and all in them. */
  readonly paths: Readonly<Record<string, string>>
  readonly programs: Readonly<Record<string, string>>
  /** By a container's name and one of its ports. */
  readonly ports: Map<string, number>
}

/** Each port of each container becomes a free one of loopback. */
export const portOf = async (
  { ports }: Table,
  container: string,
  port: number
): Promise<number> => {
  const key = `${container}:${port}`
  const known = ports.get(key)
  if (known !== undefined) return known
  const given = await freePort()
  ports.set(key, given)
  return given
}

export const addressOf = async (table: Table, container: string, port: number): Promise<string> =>
  `127.0.0.1:${await portOf(table, container, port)}`

export const pathOf = ({ paths }: Table, path: string): string => {
  const within = Object.keys(paths).find((it) => path === it || path.startsWith(`${it}/`))
  return within === undefined ? path : `${paths[within]}${path.slice(within.length)}`
}

/** A program is named in the first place, and what it is to do after it. */
export const commandOf = (table: Table, command: ReadonlyArray<string>): ReadonlyArray<string> =>
  command.map((word, index) => (index === 0 ? (table.programs[word] ?? word) : pathOf(table, word)))

const isAddress = /^WEIR_(?:HOST|ADVERTISE|REDIS_URL)$/
const isPort = /^WEIR_\w+_PORT$/

export const variablesOf = async (
  table: Table,
  container: string,
  variables: Readonly<Record<string, string>>
): Promise<Readonly<Record<string, string>>> => {
  const here: Record<string, string> = {}
  for (const [name, value] of Object.entries(variables)) {
    if (isPort.test(name)) here[name] = String(await portOf(table, container, Number(value)))
    else here[name] = isAddress.test(name) ? table.addresses[value]! : pathOf(table, value)
  }
  return here
}
