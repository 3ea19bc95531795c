/**
 * PublicationItem: one publication in full.
 */
import type { Publication } from "@weir/client/Publication"
import { memo } from "react"
import { shownData } from "./shownData.ts"

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" })

export const PublicationItem = memo(({ publication }: { readonly publication: Publication }) => {
  const { contentType, data, messageId, position, publishedAt, publisher } = publication
  return (
    <li className="publication" data-testid="publication" data-offset={position.offset}>
      <p className="publication-head">
        <b className="offset">{position.offset}</b>
        <span className="publisher">{publisher || "anonymous"}</span>
        <span className="faint message-id" title={messageId}>
          {messageId}
        </span>
        <time className="faint" dateTime={new Date(publishedAt).toISOString()}>
          {clock.format(publishedAt)}
        </time>
      </p>
      <pre>{shownData(data, contentType)}</pre>
    </li>
  )
})
