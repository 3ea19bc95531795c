/**
 * Recording: a conversation of a version that has been released, said once more to the present
 * server. `v1/README.md` says what the files hold.
 */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert } from "@effect/vitest"
import protobuf from "protobufjs"
import { jsonCodec } from "../harness/JsonClient.ts"
import { concat, decoderOf, protoCodec } from "../harness/ProtoClient.ts"
import { type Codec, type Message, WireClient } from "../harness/WireClient.ts"

type Part = string | ReadonlyArray<Part>

interface Step {
  readonly client: string
  readonly sends?: string | ReadonlyArray<Part>
  readonly hears?: { readonly type: string; readonly id?: number }
  readonly closes?: true
}

const fileOf = (name: string) => fileURLToPath(new URL(`v1/${name}`, import.meta.url))

const frameOfThen = protobuf
  .loadSync(fileOf("client.proto"))
  .lookupType("weir.client.v1.ServerFrame")

/** Who speaks it knows nothing that came later. */
const codecs = {
  json: jsonCodec,
  proto: { ...protoCodec, decode: decoderOf(frameOfThen, String) }
} satisfies Record<string, Codec>

/** What differs from run to run, by the name that it has in the recording. */
class Holes {
  readonly #values = new Map<string, string | number>()
  readonly #tokenFor: (user: string) => Promise<string>

  constructor(tokenFor: (user: string) => Promise<string>) {
    this.#tokenFor = tokenFor
  }

  async valueOf(hole: string): Promise<string | number> {
    const [kind, name] = hole.slice(1, -1).split(" ")
    if (kind === "token") return this.#tokenFor(name!)
    const value = this.#values.get(name!)
    assert.isDefined(value, `nothing was heard that ${hole} stands for`)
    return value!
  }

  /** Holds what was heard to what the recording has there. */
  check(recorded: unknown, heard: unknown, where: string): void {
    if (Array.isArray(recorded)) {
      assert.isArray(heard, where)
      assert.lengthOf(heard as Array<unknown>, recorded.length, where)
      recorded.forEach((it, i) => this.check(it, (heard as Array<unknown>)[i], `${where}.${i}`))
    } else if (typeof recorded === "object" && recorded !== null) {
      assert.isObject(heard, where)
      for (const [key, value] of Object.entries(recorded)) {
        this.check(value, (heard as Record<string, unknown>)[key], `${where}.${key}`)
      }
    } else if (typeof recorded === "string" && recorded.startsWith("<")) {
      this.#fill(recorded, heard, where)
    } else {
      assert.strictEqual(heard, recorded, where)
    }
  }

  #fill(hole: string, heard: unknown, where: string): void {
    const [type, name] = hole.slice(1, -1).split(" ")
    assert.typeOf(heard, type!, where)
    if (name === undefined) return
    const before = this.#values.get(name)
    if (before !== undefined && !name.startsWith("ticket")) {
      assert.strictEqual(heard, before, `${where}: ${hole}`)
    }
    this.#values.set(name, heard as string | number)
  }
}

const textOf = async (holes: Holes, recorded: string): Promise<string> => {
  let text = ""
  for (const part of recorded.split(/(<[^<>]+>)/)) {
    text += part.startsWith("<") ? await holes.valueOf(part) : part
  }
  return text
}

const bytesOf = async (holes: Holes, parts: ReadonlyArray<Part>): Promise<Uint8Array> => {
  const bytes: Array<Uint8Array> = []
  for (const part of parts) {
    if (typeof part !== "string") {
      bytes.push(
        protobuf.Writer.create()
          .bytes(await bytesOf(holes, part))
          .finish()
      )
    } else if (!part.startsWith("<")) bytes.push(Buffer.from(part, "base64"))
    else {
      const value = await holes.valueOf(part)
      const isNumber = typeof value === "number"
      bytes.push(isNumber ? protobuf.Writer.create().uint64(value).finish() : Buffer.from(value))
    }
  }
  return concat(bytes)
}

/** Says what the clients of the recording said, and asserts that they hear what they heard. */
export const replay = async (
  http: string,
  encoding: keyof typeof codecs,
  tokenFor: (user: string) => Promise<string>
): Promise<void> => {
  const holes = new Holes(tokenFor)
  const clients = new Map<string, WireClient>()
  const clientOf = async (name: string) => {
    const client = clients.get(name) ?? (await WireClient.open(http, codecs[encoding]))
    clients.set(name, client)
    return client
  }
  const lines = readFileSync(fileOf(`${encoding}.jsonl`), "utf8")
    .trim()
    .split("\n")
  try {
    for (const [index, line] of lines.entries()) {
      const { client: name, closes, hears, sends }: Step = JSON.parse(line)
      const client = await clientOf(name)
      if (sends !== undefined) {
        const message: Message =
          typeof sends === "string"
            ? await textOf(holes, sends)
            : concat([await bytesOf(holes, sends)])
        client.sendRaw(message)
      }
      if (hears !== undefined) {
        const frame = await client.take(hears.type, hears.id)
        holes.check(hears, frame, `line ${index + 1}, ${name}`)
      }
      if (closes === true) client.close()
    }
  } finally {
    for (const client of clients.values()) client.close()
  }
}
