/**
 * ServiceDoor: the publish API through either of its doors, asked and answered alike, so
 * that one suite holds both to the same behaviour.
 */
import { GrpcReflectionClient } from "./GrpcReflectionClient.ts"
import type { WeirProcess } from "./WeirProcess.ts"
import type { Payload } from "./WireClient.ts"

export interface Publication {
  readonly channel: string
  readonly data: Uint8Array
  readonly contentType?: string
  readonly messageId?: string
}

/** Either what was asked for, or the failure's code and message. */
export interface Answer {
  readonly value?: Payload
  readonly code?: string
  readonly message?: string
}

export interface ServiceDoor {
  readonly publish: (publication: Publication, key?: string) => Promise<Answer>
  /** Its value: an answer for each. */
  readonly publishBatch: (publications: ReadonlyArray<Publication>, key?: string) => Promise<Answer>
  readonly history: (query: Query, key?: string) => Promise<Answer>
  readonly presence: (query: Query, key?: string) => Promise<Answer>
  readonly close: () => void
}

export type Query = Readonly<Record<string, string | number | boolean>>

const defaultKey = "dev-key"

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

const camelCase = (value: Payload): Payload => {
  if (Array.isArray(value)) return value.map(camelCase)
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, it]) => [
      name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      camelCase(it)
    ])
  )
}

const withSnakeCase = (value: object) =>
  Object.fromEntries(Object.entries(value).map(([name, it]) => [snakeCase(name), it]))

export const openGrpc = async ({ grpc }: WeirProcess): Promise<ServiceDoor> => {
  const api = await GrpcReflectionClient.connect(grpc!)
  const call = async (service: string, method: string, request: object, key: string) => {
    const { details, failure, response } = await api.call(
      `weir.api.v1.${service}`,
      method,
      request,
      key
    )
    return failure === undefined
      ? { value: camelCase(response) }
      : { code: failure, message: details }
  }
  return {
    publish: (publication, key = defaultKey) =>
      call("PublishService", "Publish", withSnakeCase(publication), key),
    publishBatch: async (publications, key = defaultKey) => {
      const request = { publications: publications.map(withSnakeCase) }
      const answer = await call("PublishService", "PublishBatch", request, key)
      return answer.value === undefined
        ? answer
        : {
            value: answer.value.results.map(({ failure, published }: Payload) =>
              published ? { value: published } : { code: failure.code, message: failure.message }
            )
          }
    },
    history: async (query, key = defaultKey) => {
      const answer = await call("HistoryService", "GetHistory", withSnakeCase(query), key)
      if (answer.value === undefined) return answer
      const { entries, ...value } = answer.value
      return { value: { ...value, publications: entries } }
    },
    presence: (query, key = defaultKey) =>
      call("PresenceService", "GetPresence", withSnakeCase(query), key),
    close: () => api.close()
  }
}

const isText = (contentType: string) => contentType === "text/plain"
const isJson = (contentType: string) => contentType === "" || contentType === "application/json"

/** Made by hand, since what is no JSON has to be sent as well. */
const jsonOf = ({ channel, contentType = "", data, messageId }: Publication): string => {
  const fields = { channel, ...(messageId && { messageId }), ...(contentType && { contentType }) }
  const text = Buffer.from(data).toString()
  const value = isJson(contentType)
    ? text
    : JSON.stringify(isText(contentType) ? text : Buffer.from(data).toString("base64"))
  const encoding = isJson(contentType)
    ? ""
    : `,"encoding":"${isText(contentType) ? "text" : "base64"}"`
  return `${JSON.stringify(fields).slice(0, -1)},"data":${value}${encoding}}`
}

/** As gRPC has it: bytes, with their content type. */
const withBytes = ({ contentType, data, encoding, ...others }: Payload) => ({
  ...others,
  contentType: contentType ?? (encoding === "text" ? "text/plain" : ""),
  data:
    encoding === "base64"
      ? Buffer.from(data, "base64")
      : Buffer.from(encoding === "text" ? data : JSON.stringify(data))
})

export const openHttp = ({ http }: WeirProcess): ServiceDoor => {
  const answerOf = async (response: Response): Promise<Answer> => {
    const body: Payload = await response.json()
    return response.ok ? { value: body } : { code: body.code, message: body.message }
  }
  const post = async (path: string, body: string, key: string) =>
    answerOf(
      await fetch(`http://${http}${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body
      })
    )
  const get = async (path: string, query: Query, key: string) => {
    const search = new URLSearchParams(
      Object.entries(query).map(([name, value]) => [name, String(value)])
    )
    const headers = { authorization: `Bearer ${key}` }
    return answerOf(await fetch(`http://${http}${path}?${search}`, { headers }))
  }
  return {
    publish: (publication, key = defaultKey) => post("/v1/publish", jsonOf(publication), key),
    publishBatch: async (publications, key = defaultKey) => {
      const body = `{"publications":[${publications.map(jsonOf).join(",")}]}`
      const answer = await post("/v1/publish/batch", body, key)
      return answer.value === undefined
        ? answer
        : {
            value: answer.value.results.map(({ error, published }: Payload) =>
              published ? { value: published } : { code: error.code, message: error.message }
            )
          }
    },
    history: async (query, key = defaultKey) => {
      const { value, ...answer } = await get("/v1/history", query, key)
      return value === undefined
        ? answer
        : { value: { ...value, publications: value.publications.map(withBytes) } }
    },
    presence: async (query, key = defaultKey) => {
      const { value, ...answer } = await get("/v1/presence", query, key)
      return value === undefined
        ? answer
        : { value: { ...value, members: value.members.map(withBytes) } }
    },
    close: () => {}
  }
}
