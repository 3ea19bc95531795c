/**
 * PublishDraft: what somebody wrote to be published, read as what it is meant to be.
 */
import type { PublishOptions } from "@weir/client/Publisher"

export type Kind = "json" | "text"

export type Draft =
  | { readonly data: unknown; readonly options: PublishOptions }
  | { readonly problem: string }

/** An empty message id: the SDK makes one. */
export const draftOf = (kind: Kind, text: string, messageId: string): Draft => {
  const id = messageId.trim()
  const named = id === "" ? {} : { messageId: id }
  if (kind === "text") return { data: text, options: { ...named, contentType: "text/plain" } }
  if (text.trim() === "") return { problem: 'Write some JSON, such as {"text":"hi"}.' }
  try {
    return { data: JSON.parse(text), options: named }
  } catch (error) {
    return { problem: `This is no JSON: ${(error as Error).message}` }
  }
}
