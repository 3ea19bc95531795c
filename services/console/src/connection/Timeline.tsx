/**
 * Timeline: the journal of the line, the newest entry first.
 */
import type { Entry } from "../line/Journal.ts"
import { entryWords } from "./entryWords.ts"

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" })

export const Timeline = ({ entries }: { readonly entries: ReadonlyArray<Entry> }) => (
  <section className="panel grows" aria-labelledby="timeline-title">
    <h2 id="timeline-title">What happened</h2>
    <ol className="timeline" data-testid="timeline">
      {entries.length === 0 && <li className="empty">Nothing yet.</li>}
      {entries.toReversed().map((entry) => {
        const { detail, title, tone } = entryWords(entry)
        return (
          <li key={entry.id} data-kind={entry.kind} data-tone={tone}>
            <time className="faint" dateTime={new Date(entry.at).toISOString()}>
              {clock.format(entry.at)}
            </time>
            <div>
              <b>{title}</b> <span>{detail}</span>
            </div>
          </li>
        )
      })}
    </ol>
  </section>
)
