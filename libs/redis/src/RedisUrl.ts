/**
 * RedisUrl: where Redis is and which shape it has, read from one URL.
 */
import { Result } from "effect"

export interface RedisAddress {
  readonly host: string
  readonly port: number
}

export interface RedisCredentials {
  /** Redis's own default user, if none is named. */
  readonly username: string | undefined
  readonly password: string
}

export type RedisTarget = {
  readonly credentials: RedisCredentials | undefined
} & (
  | {
      readonly shape: "single"
      readonly address: RedisAddress
      readonly database: number
      readonly tls: boolean
    }
  | {
      readonly shape: "sentinel"
      readonly sentinels: ReadonlyArray<RedisAddress>
      readonly primaryName: string
    }
  | { readonly shape: "cluster"; readonly nodes: ReadonlyArray<RedisAddress> }
)

const forms =
  "redis://host:port/db, rediss://host:port/db (TLS), redis+sentinel://host:port,host:port/name or redis+cluster://host:port,host:port"

// The authority ends at the first slash, and the password at the last @ before it.
const form = /^([a-z+]+):\/\/(?:([^/]*)@)?([^/@]+)(?:\/([^/?#]*))?$/
const addressForm = /^(\[[0-9a-f:.]+\]|[^\s:[\]]+)(?::(\d{1,5}))?$/i
const defaultPort = { redis: 6379, rediss: 6379, "redis+sentinel": 26379, "redis+cluster": 6379 }

type Scheme = keyof typeof defaultPort

const isScheme = (text: string): text is Scheme => Object.hasOwn(defaultPort, text)

export const formatAddress = ({ host, port }: RedisAddress): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`

/** The target without its credentials, for logs. */
export const describeTarget = (target: RedisTarget): string => {
  if (target.shape === "single") return formatAddress(target.address)
  if (target.shape === "cluster") return target.nodes.map(formatAddress).join(",")
  return `${target.primaryName} of ${target.sentinels.map(formatAddress).join(",")}`
}

const parseAddress = (text: string, port: number): RedisAddress | undefined => {
  const found = addressForm.exec(text)
  if (found === null) return undefined
  const address = { host: found[1]!.replace(/^\[|\]$/g, ""), port: Number(found[2] ?? port) }
  return address.port > 0 && address.port < 65_536 ? address : undefined
}

const decode = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

const parseCredentials = (text: string): RedisCredentials | undefined => {
  const colon = text.indexOf(":")
  const username = decode(colon === -1 ? text : text.slice(0, colon))
  const password = colon === -1 ? undefined : decode(text.slice(colon + 1))
  if (username === undefined || !password) return undefined
  return { username: username === "" ? undefined : username, password }
}

/**
 * Fails with a sentence that says what to do. It never repeats what may be a
 * part of the credentials.
 */
export const parseRedisUrl = (url: string): Result.Result<RedisTarget, string> => {
  const found = form.exec(url)
  if (found === null) return Result.fail(`is not a Redis URL; write ${forms}`)
  const [, scheme, login, authority, path = ""] = found
  if (!isScheme(scheme!)) return Result.fail(`has an unknown scheme; write ${forms}`)
  const credentials = login === undefined ? undefined : parseCredentials(login)
  if (login !== undefined && credentials === undefined)
    return Result.fail(
      "has a login that cannot be read; write user:password@ or :password@, with special characters as %XX"
    )
  const addresses: Array<RedisAddress> = []
  for (const text of authority!.split(",")) {
    const address = parseAddress(text, defaultPort[scheme])
    if (address === undefined)
      return Result.fail(
        "has an address that cannot be read; write host:port, with a port below 65536"
      )
    addresses.push(address)
  }
  if (scheme === "redis+sentinel") {
    const primaryName = decode(path)
    if (!primaryName)
      return Result.fail("names no primary; write redis+sentinel://host:port,host:port/name")
    return Result.succeed({ shape: "sentinel", credentials, sentinels: addresses, primaryName })
  }
  if (scheme === "redis+cluster") {
    if (path !== "" && path !== "0")
      return Result.fail("names a database, but Redis Cluster has only 0; leave the path out")
    return Result.succeed({ shape: "cluster", credentials, nodes: addresses })
  }
  const [address, another] = addresses
  if (another !== undefined)
    return Result.fail("has several addresses; use redis+sentinel:// or redis+cluster:// for them")
  if (!/^\d{0,4}$/.test(path))
    return Result.fail(`has a database that is no number; write ${scheme}://host:port/0`)
  return Result.succeed({
    shape: "single",
    credentials,
    address: address!,
    database: Number(path),
    tls: scheme === "rediss"
  })
}
