/**
 * Chat: the lobby in sight. What was said, who is here, and a line to say something.
 */
import { useConnection } from "@weir/client/react/useConnection"
import { useEffect, useState } from "react"
import { useLine } from "../line/LineContext.tsx"
import { Refusal } from "../Refusal.tsx"
import { ViewHeader } from "../ViewHeader.tsx"
import { Composer } from "./Composer.tsx"
import "./chat.css"
import { LOBBY, useLobby } from "./Lobby.tsx"
import { MessageList } from "./MessageList.tsx"
import { Roster } from "./Roster.tsx"
import { typingWords } from "./Typists.ts"

export const Chat = () => {
  const { dispatch, error, members, room, send, typists, write, written } = useLobby()
  const { name } = useLine()
  const { state } = useConnection()
  const [isRosterOpen, setRosterOpen] = useState(false)
  const people = new Set(members.map(({ user }) => user))

  useEffect(() => {
    dispatch({ type: "opened" })
    return () => dispatch({ type: "left" })
  }, [dispatch])

  return (
    <section className="view chat" aria-labelledby="title">
      <ViewHeader title={LOBBY}>
        <button
          type="button"
          className="quiet roster-toggle"
          aria-expanded={isRosterOpen}
          aria-controls="roster"
          onClick={() => setRosterOpen(!isRosterOpen)}
          onKeyDown={({ key }) => key === "Escape" && setRosterOpen(false)}
        >
          {people.size} here
        </button>
      </ViewHeader>
      <div className="conversation">
        <Refusal error={error} />
        <MessageList
          state={room}
          name={name}
          onRetry={send}
          onDismiss={(id) => dispatch({ type: "dismissed", id })}
        />
        <p className="typing" role="status" data-testid="typing">
          {typingWords(typists)}
        </p>
        <Composer
          isConnected={state === "connected"}
          text={written}
          onWrite={write}
          onSend={send}
        />
      </div>
      <Roster members={members} name={name} isOpen={isRosterOpen} />
    </section>
  )
}
