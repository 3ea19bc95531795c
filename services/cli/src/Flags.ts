/**
 * Flags: what several commands may be told, on the command line or in the environment.
 */
import { Config, type Option } from "effect"
import { Flag } from "effect/cli"

/** The environment, where the command line says nothing. */
const orVariable = (name: string) => Flag.withFallbackConfig(Config.String(name))

const isUrl = (text: string): boolean => /^(?:https?|wss?):$/.test(URL.parse(text)?.protocol ?? "")

const isAddress = (text: string): boolean => /^(?:\[[0-9a-f:.]+\]|[^:/\s]+):\d{1,5}$/i.test(text)

const isPositive = (count: number): boolean => count >= 1

/** Whole numbers from 1. */
export const count = (name: string) =>
  Flag.Int(name).pipe(
    Flag.withMetavar("N"),
    Flag.filter(isPositive, () => "a whole number from 1")
  )

/** Off unless it is given. */
export const flag = (name: string, description: string) =>
  Flag.Boolean(name).pipe(
    Flag.withDescription(description),
    Flag.withoutNegation,
    Flag.withDefault(false)
  )

export const json = flag(
  "json",
  "one JSON object a line on standard output, and nothing else there"
)

/** Who one is to Weir, as a client. */
export const edge = {
  url: Flag.String("url").pipe(
    Flag.withMetavar("URL"),
    Flag.withDescription("where clients connect (WEIR_URL, else http://127.0.0.1:8080)"),
    orVariable("WEIR_URL"),
    Flag.withDefault("http://127.0.0.1:8080"),
    Flag.filter(isUrl, () => "a URL such as https://realtime.example.com")
  ),
  user: Flag.String("user").pipe(
    Flag.withMetavar("NAME"),
    Flag.withDescription("whose development token to take, without --token (USER, else me)"),
    orVariable("USER"),
    Flag.withDefault("me")
  )
}

export const token = Flag.String("token").pipe(
  Flag.withMetavar("JWT"),
  Flag.withDescription("a client's token (WEIR_TOKEN, else a development token)"),
  orVariable("WEIR_TOKEN"),
  Flag.optional
)

/** Who one is to Weir, as a service. */
export const api = {
  api: Flag.String("api").pipe(
    Flag.withMetavar("HOST:PORT"),
    Flag.withDescription("a router's publish API (WEIR_API, else 127.0.0.1:9090)"),
    orVariable("WEIR_API"),
    Flag.withDefault("127.0.0.1:9090"),
    Flag.filter(isAddress, () => "HOST:PORT, such as 127.0.0.1:9090")
  ),
  key: Flag.String("key").pipe(
    Flag.withMetavar("KEY"),
    Flag.withDescription("an API key (WEIR_API_KEY; on this machine, dev-key)"),
    orVariable("WEIR_API_KEY"),
    Flag.optional
  )
}

export interface ApiFlags {
  readonly api: string
  readonly key: Option.Option<string>
}
