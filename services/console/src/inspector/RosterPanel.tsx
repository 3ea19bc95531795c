/**
 * RosterPanel: who is announced in a channel, where its namespace has a roster.
 *
 * To ask for changes where there are none would end the subscription that all views share; so
 * the roster is read once before it is followed.
 */
import { asWeirError } from "@weir/client/Failure"
import { usePresence } from "@weir/client/react/usePresence"
import { useWeir } from "@weir/client/react/WeirProvider"
import { useEffect, useState } from "react"
import { Face } from "../Face.tsx"
import { shownData } from "./shownData.ts"

export const RosterPanel = ({ channel }: { readonly channel: string }) => {
  const client = useWeir()
  const [verdict, setVerdict] = useState<{ readonly problem: string | undefined }>()

  useEffect(() => {
    let isAwaited = true
    const decide = (problem: string | undefined) => isAwaited && setVerdict({ problem })
    client.presence(channel, { counts: true }).then(
      () => decide(undefined),
      (error: unknown) => decide(asWeirError(error, "internal").message)
    )
    return () => {
      isAwaited = false
    }
  }, [client, channel])

  return (
    <section className="panel" aria-labelledby="roster-title">
      <h2 id="roster-title">Roster</h2>
      {verdict?.problem !== undefined && <p className="faint">{verdict.problem}</p>}
      {verdict === undefined && <div className="members" />}
      {verdict !== undefined && verdict.problem === undefined && <LiveRoster channel={channel} />}
    </section>
  )
}

const LiveRoster = ({ channel }: { readonly channel: string }) => {
  const { error, isComplete, members } = usePresence(channel)
  if (error !== undefined) return <p className="problem">{error.message}</p>
  return (
    <ul className="members" data-testid="inspected-members">
      {isComplete && members.length === 0 && <li className="faint">Nobody is here.</li>}
      {members.map(({ contentType, data, id, user }) => (
        <li key={id} data-user={user}>
          <Face name={user} />
          <span className="person">{user || "anonymous"}</span>
          <code className="faint">{shownData(data, contentType)}</code>
        </li>
      ))}
    </ul>
  )
}
