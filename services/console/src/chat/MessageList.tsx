/**
 * MessageList: the conversation, with own drafts at its end.
 *
 * It stays at the newest message while the reader is there, and stays where the
 * reader is otherwise; a button then leads to what is new.
 */
import { useCallback, useLayoutEffect, useRef, useState } from "react"
import { DraftItem } from "./DraftItem.tsx"
import { MessageItem } from "./MessageItem.tsx"
import type { RoomState } from "./RoomState.ts"

interface Props {
  readonly state: RoomState
  readonly name: string
  readonly onRetry: (text: string, id: string) => void
  readonly onDismiss: (id: string) => void
}

// Nearer to the end than a line of text counts as being there.
const AT_END_PX = 40
// After a pause, the same author is named again.
const PAUSE_MS = 5 * 60_000

export const MessageList = ({ state: { lines, drafts }, name, onRetry, onDismiss }: Props) => {
  const list = useRef<HTMLOListElement>(null)
  const [atEnd, setAtEnd] = useState(true)

  const toEnd = useCallback(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight })
  }, [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is shown decides
  useLayoutEffect(() => {
    if (atEnd) toEnd()
  }, [lines, drafts, atEnd, toEnd])

  // The list gets shorter when a keyboard or the roster opens.
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => atEnd && toEnd())
    observer.observe(list.current!)
    return () => observer.disconnect()
  }, [atEnd, toEnd])

  const onScroll = () => {
    const { scrollHeight, scrollTop, clientHeight } = list.current!
    setAtEnd(scrollHeight - scrollTop - clientHeight < AT_END_PX)
  }
  return (
    <div className="messages">
      <ol
        ref={list}
        role="log"
        aria-label="Messages"
        data-testid="message-list"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keyboards scroll what has the focus
        tabIndex={0}
        onScroll={onScroll}
      >
        {lines.length + drafts.length === 0 && <li className="empty">Nothing said yet.</li>}
        {lines.map((line, index) => {
          if (line.kind === "gap") {
            return (
              <li key={line.id} className="break" data-testid="gap">
                Some messages are missing here ({line.reason.replace("_", " ")})
              </li>
            )
          }
          const before = lines[index - 1]
          return (
            <MessageItem
              key={line.id}
              message={line}
              own={line.author === name}
              follows={
                before?.kind === "message" &&
                before.author === line.author &&
                line.at - before.at < PAUSE_MS
              }
            />
          )
        })}
        {drafts.map((draft) => (
          <DraftItem key={draft.id} draft={draft} onRetry={onRetry} onDismiss={onDismiss} />
        ))}
      </ol>
      {!atEnd && (
        <button type="button" className="to-end" onClick={toEnd}>
          Newest messages ↓
        </button>
      )}
    </div>
  )
}
