/**
 * LivePanel: what a channel says from now on.
 */
import type { ChannelLog } from "./ChannelLog.ts"
import { PublicationItem } from "./PublicationItem.tsx"

export const LivePanel = ({ log: { count, entries } }: { readonly log: ChannelLog }) => (
  <section className="panel grows" aria-labelledby="live-title">
    <h2 id="live-title">
      Live <span className="count">{count}</span>
    </h2>
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: keyboards scroll what has the focus */}
    <ol className="publications" role="log" data-testid="live-log" tabIndex={0}>
      {entries.length === 0 && (
        <li className="empty">Nothing has been published since you came.</li>
      )}
      {entries.map((entry) =>
        entry.kind === "gap" ? (
          <li key={entry.id} className="break" data-testid="log-gap">
            Gap: {entry.gap.reason.replace("_", " ")}
            {entry.gap.from !== undefined && `, offsets ${entry.gap.from} to ${entry.gap.to}`}
          </li>
        ) : (
          <PublicationItem key={entry.id} publication={entry.publication} />
        )
      )}
    </ol>
  </section>
)
