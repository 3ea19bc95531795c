/**
 * ConnectionView: the state of the line, what happened to it, and the switch that cuts it.
 */
import { useConnection } from "@weir/client/react/useConnection"
import { useLine } from "../line/LineContext.tsx"
import { useObservable } from "../line/useObservable.ts"
import { transportWords } from "../transportWords.ts"
import { ViewHeader } from "../ViewHeader.tsx"
import "./connection.css"
import { RecoveryPanel } from "./RecoveryPanel.tsx"
import { Timeline } from "./Timeline.tsx"

export const ConnectionView = () => {
  const line = useLine()
  const isCut = useObservable(line.network.isCut)
  const { entries, lost, replayed } = useObservable(line.journal)
  const { state, user } = useConnection()

  return (
    <section className="view connection scrolls" aria-labelledby="title">
      <ViewHeader title="Connection">
        <button
          type="button"
          className={isCut ? "primary" : "danger"}
          aria-pressed={isCut}
          disabled={state === "closed"}
          data-testid="network"
          onClick={() => (isCut ? line.restore() : line.cut())}
        >
          {isCut ? "Restore the network" : "Cut the network"}
        </button>
      </ViewHeader>
      <div className="columns">
        <div className="panels">
          <RecoveryPanel />
          <section className="panel" aria-labelledby="session-title">
            <h2 id="session-title">Session</h2>
            <dl className="facts">
              <dt>State</dt>
              <dd>{isCut ? `${state}, cut` : state}</dd>
              <dt>Transport</dt>
              <dd>{transportWords[line.client.transport]}</dd>
              <dt>User</dt>
              <dd>{user ?? "–"}</dd>
              <dt>Session</dt>
              <dd>
                <code>{line.client.session ?? "–"}</code>
              </dd>
              <dt>Replayed in all</dt>
              <dd data-testid="replayed">{replayed}</dd>
              <dt>Lost in all</dt>
              <dd data-testid="lost">{lost}</dd>
            </dl>
          </section>
        </div>
        <div className="panels">
          <Timeline entries={entries} />
        </div>
      </div>
    </section>
  )
}
