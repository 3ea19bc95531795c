/**
 * DevelopmentToken: the identity that a Weir under `npm start` hands out to everybody.
 */
import { Effect } from "effect"
import { type CommandFailed, refused, unreachable } from "./CommandFailed.ts"

const limitMs = 5_000

const endpointOf = (url: string): string => {
  const endpoint = new URL("/dev/token", url)
  endpoint.protocol = endpoint.protocol.replace(/^ws/, "http")
  return endpoint.href
}

interface Answer {
  readonly token?: string
  readonly message?: string
}

const post = (url: string, user: string) =>
  Effect.tryPromise({
    try: async (interrupted) => {
      const response = await fetch(endpointOf(url), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ user }),
        signal: AbortSignal.any([interrupted, AbortSignal.timeout(limitMs)])
      })
      const text = await response.text()
      return { status: response.status, text }
    },
    catch: () =>
      unreachable(
        `nothing answers at ${url}: start Weir with \`npx weir start\`, or say where it is with --url`
      )
  })

const parse = (text: string): Answer => {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

export const developmentToken = Effect.fnUntraced(function* (
  url: string,
  user: string
): Effect.fn.Return<string, CommandFailed> {
  const { status, text } = yield* post(url, user)
  const { message, token } = parse(text)
  if (token !== undefined) return token
  if (status === 404) {
    return yield* refused(`${url} has no development tokens: give one with --token or WEIR_TOKEN`)
  }
  return yield* refused(message ?? `no token from ${url}: it answered with ${status}`)
})
