/**
 * Inspector: looks into one channel: where it stands, what it says, what it keeps, who is in it.
 */
import { useChannel } from "@weir/client/react/useChannel"
import { useEffect, useReducer } from "react"
import { useLine } from "../line/LineContext.tsx"
import { useObservable } from "../line/useObservable.ts"
import { Refusal } from "../Refusal.tsx"
import { hashOf } from "../Route.ts"
import { ViewHeader } from "../ViewHeader.tsx"
import { ChannelForm } from "./ChannelForm.tsx"
import { emptyLog, logAfter } from "./ChannelLog.ts"
import { HistoryPanel } from "./HistoryPanel.tsx"
import "./inspector.css"
import { LivePanel } from "./LivePanel.tsx"
import { PositionPanel } from "./PositionPanel.tsx"
import { PublishPanel } from "./PublishPanel.tsx"
import { RosterPanel } from "./RosterPanel.tsx"

const suggestions = ["chat:lobby", "chat:cursors", "chat:recovery", "live:demo", "state:demo"]

const inspect = (channel: string) => {
  location.hash = hashOf({ view: "inspect", channel })
}

export const Inspector = ({ channel }: { readonly channel: string }) => (
  <section className="view inspector scrolls" aria-labelledby="title">
    <ViewHeader title="Inspect">
      <ChannelForm key={channel} channel={channel} suggestions={suggestions} onInspect={inspect} />
    </ViewHeader>
    {channel === "" ? <Choice /> : <Inspected key={channel} channel={channel} />}
  </section>
)

const Choice = () => (
  <div className="choice-of-channels">
    <p>Which channel? Any name will do: a channel is there as soon as somebody uses it.</p>
    <ul>
      {suggestions.map((each) => (
        <li key={each}>
          <a className="quiet" href={hashOf({ view: "inspect", channel: each })}>
            {each}
          </a>
        </li>
      ))}
    </ul>
  </div>
)

const Inspected = ({ channel }: { readonly channel: string }) => {
  const { journal } = useLine()
  const answer = useObservable(journal).answers.get(channel)
  const [log, dispatch] = useReducer(logAfter, emptyLog)
  const { error, isLive } = useChannel(channel, {
    onPublication: (publication) => dispatch({ type: "publication", publication }),
    onGap: (gap) => dispatch({ type: "gap", gap })
  })
  const position = answer?.position
  useEffect(() => {
    if (position !== undefined) dispatch({ type: "subscribed", position })
  }, [position])

  if (error !== undefined) return <Refusal error={error} />
  return (
    <div className="columns">
      <div className="panels">
        <PositionPanel isLive={isLive} position={log.position} answer={answer} />
        <PublishPanel channel={channel} />
        <RosterPanel channel={channel} />
      </div>
      <div className="panels">
        <LivePanel log={log} />
        <HistoryPanel channel={channel} />
      </div>
    </div>
  )
}
