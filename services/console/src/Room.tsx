/**
 * Room: the lobby. Who is here, what was said, and a line to say something.
 */
import { useState } from "react"
import { Composer } from "./Composer.tsx"
import { ConnectionStatus } from "./ConnectionStatus.tsx"
import { MessageList } from "./MessageList.tsx"
import { Roster } from "./Roster.tsx"
import { useRoom } from "./useRoom.ts"

const CHANNEL = "chat:lobby"

interface Props {
  readonly name: string
  readonly onSignOut: () => void
}

export const Room = ({ name, onSignOut }: Props) => {
  const { state, send, dismiss } = useRoom(CHANNEL, name)
  const [rosterOpen, setRosterOpen] = useState(false)
  const people = new Set(Array.from(state.members.values(), ({ user }) => user))

  return (
    <div className="room">
      <header>
        <img src="/icon.svg" alt="" width="28" height="28" />
        <div className="title">
          <h1>{CHANNEL}</h1>
          <ConnectionStatus state={state.connection} />
        </div>
        <button
          type="button"
          className="quiet roster-toggle"
          aria-expanded={rosterOpen}
          aria-controls="roster"
          onClick={() => setRosterOpen(!rosterOpen)}
        >
          {people.size} here
        </button>
        <button type="button" className="quiet" onClick={onSignOut}>
          Sign out
        </button>
      </header>
      <main>
        {state.failure !== undefined && (
          <p className="failure" role="alert" data-testid="failure">
            {state.failure}
          </p>
        )}
        <MessageList state={state} name={name} onRetry={send} onDismiss={dismiss} />
        <Composer connected={state.connection === "connected"} onSend={send} />
      </main>
      <Roster members={state.members} name={name} open={rosterOpen} />
    </div>
  )
}
