/**
 * HistoryPanel: what a channel keeps, the newest page first.
 */
import { asWeirError } from "@weir/client/Failure"
import { useWeir } from "@weir/client/react/WeirProvider"
import { useCallback, useEffect, useReducer } from "react"
import { newerThan, newest, noPages, olderThan, pagesAfter, type Trail } from "./HistoryPages.ts"
import { PublicationItem } from "./PublicationItem.tsx"

const PAGE = 10

export const HistoryPanel = ({ channel }: { readonly channel: string }) => {
  const client = useWeir()
  const [pages, dispatch] = useReducer(pagesAfter, noPages)
  const { awaited, page, problem } = pages

  const ask = useCallback(
    (trail: Trail) => {
      dispatch({ type: "asked", trail })
      client.history(channel, { after: trail.at(-1), limit: PAGE, reverse: true }).then(
        (read) => dispatch({ type: "read", trail, page: read }),
        (error: unknown) => {
          const { message } = asWeirError(error, "internal")
          dispatch({ type: "failed", trail, problem: message })
        }
      )
    },
    [client, channel]
  )
  useEffect(() => ask([...newest]), [ask])

  const step = (name: string, trail: Trail | undefined) => (
    <button
      type="button"
      className="quiet"
      disabled={trail === undefined || awaited !== undefined}
      data-testid={`history-${name.toLowerCase()}`}
      onClick={() => trail !== undefined && ask(trail)}
    >
      {name}
    </button>
  )
  return (
    <section className="panel grows" aria-labelledby="history-title">
      <h2 id="history-title">
        History
        <span className="steps">
          {step("Newer", newerThan(pages))}
          {step("Older", olderThan(pages))}
          {step("Newest", [...newest])}
        </span>
      </h2>
      {problem !== undefined && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <ol
        className="publications"
        data-testid="history"
        aria-busy={awaited !== undefined}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keyboards scroll what has the focus
        tabIndex={0}
      >
        {page?.publications.length === 0 && <li className="empty">Nothing is kept.</li>}
        {page?.publications.map((publication) => (
          <PublicationItem
            key={`${publication.position.epoch} ${publication.position.offset}`}
            publication={publication}
          />
        ))}
      </ol>
    </section>
  )
}
