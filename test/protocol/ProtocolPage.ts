/**
 * ProtocolPage: the parts of `docs/protocol.md` that are made from real conversations.
 *
 * Run with Node, this file writes them.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { encodeFrame, toRecord } from "../harness/ProtoClient.ts"
import { converse } from "./Conversation.ts"

const page = fileURLToPath(new URL("../../docs/protocol.md", import.meta.url))

export const readPage = (): string => readFileSync(page, "utf8")

/** The frame whose bytes the page takes apart. */
const shown = { id: 2, type: "subscribe", payload: { channel: "chat:lobby" } }

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex").replace(/../g, "$& ").trim()

export const parts = {
  json: () => converse("json"),
  proto: () => converse("proto"),
  record: async () => hex(toRecord(encodeFrame(shown)))
}

export type Part = keyof typeof parts

const between = (part: Part) =>
  new RegExp(`(<!-- transcript: ${part} -->\\n\`\`\`[a-z]*\\n)([\\s\\S]*?)(\\n\`\`\`\\n)`)

/** What the page shows for a part. */
export const shownIn = (text: string, part: Part): string | undefined =>
  between(part).exec(text)?.[2]

if (import.meta.main) {
  let text = readPage()
  for (const [part, make] of Object.entries(parts) as Array<[Part, () => Promise<string>]>) {
    const made = await make()
    text = text.replace(between(part), (_, begin: string, __, end: string) => begin + made + end)
  }
  writeFileSync(page, text)
}
