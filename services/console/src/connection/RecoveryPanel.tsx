/**
 * RecoveryPanel: one square for each publication of a channel, so that one sees which of them
 * came live, which are missed, and how these come back.
 */
import { useChannel } from "@weir/client/react/useChannel"
import { useEffect, useReducer, useState } from "react"
import { useLine } from "../line/LineContext.tsx"
import { useObservable } from "../line/useObservable.ts"
import { OutsideService } from "./OutsideService.ts"
import { type Fate, nothingPublished, recoveryAfter } from "./Recovery.ts"

const CHANNEL = "chat:recovery"

const shown: ReadonlyArray<readonly [Fate, string]> = [
  ["live", "live"],
  ["missed", "missed"],
  ["back", "back"],
  ["lost", "lost"]
]

export const RecoveryPanel = () => {
  const line = useLine()
  const [{ counts, ticks }, dispatch] = useReducer(recoveryAfter, nothingPublished)
  useChannel(CHANNEL, {
    onPublication: ({ position }) =>
      dispatch({ type: "publication", position, isReplay: line.isReplay(CHANNEL, position) }),
    onGap: (gap) => dispatch({ type: "gap", gap })
  })
  const [service] = useState(
    () =>
      new OutsideService(CHANNEL, (position) =>
        dispatch({ type: "accepted", position, isAway: line.client.state !== "connected" })
      )
  )
  const { isOn, problem } = useObservable(service.state)
  useEffect(() => () => service.stop(), [service])

  return (
    <section className="panel" aria-labelledby="recovery-title">
      <h2 id="recovery-title">What you miss, and what comes back</h2>
      <p className="faint">
        Let a service publish, cut the network for a while, and restore it: each square is a
        publication on <code>{CHANNEL}</code>.
      </p>
      <button
        type="button"
        className="quiet"
        aria-pressed={isOn}
        data-testid="service"
        onClick={() => (isOn ? service.stop() : service.start())}
      >
        {isOn ? "Stop the service" : "Let a service publish"}
      </button>
      {problem !== undefined && (
        <p className="problem" role="alert">
          The service stopped: {problem}.
        </p>
      )}
      <dl className="counts" data-testid="recovery">
        {shown.map(([fate, word]) => (
          <div key={fate} data-fate={fate}>
            <dt>{word}</dt>
            <dd data-testid={`count-${fate}`}>{counts[fate]}</dd>
          </div>
        ))}
      </dl>
      <ol className="ticks" aria-hidden="true">
        {ticks.map(({ fate, id }) => (
          <li key={id} data-fate={fate} />
        ))}
      </ol>
    </section>
  )
}
