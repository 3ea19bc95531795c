/**
 * MessageItem: one message, with its author where the one above is somebody else's.
 */
import { memo } from "react"
import { Face } from "../Face.tsx"
import type { Message } from "./RoomState.ts"

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" })

interface Props {
  readonly message: Message
  readonly own: boolean
  /** Said by the same author, soon after the line above. */
  readonly follows: boolean
}

export const MessageItem = memo(({ message: { author, text, at }, own, follows }: Props) => (
  <li
    className={`message${own ? " own" : ""}${follows ? " follows" : ""}`}
    data-testid="message"
    data-author={author}
    data-own={own}
  >
    {!own && <Face name={author} />}
    <div className="said">
      <span className={follows ? "by visually-hidden" : "by"}>
        <b>{own ? "You" : author || "anonymous"}</b>
        <time dateTime={new Date(at).toISOString()}>{clock.format(at)}</time>
      </span>
      <p>{text}</p>
    </div>
  </li>
))
