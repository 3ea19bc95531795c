/**
 * Composer: the line to write in. Enter sends, Shift+Enter breaks the line.
 */
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react"

interface Props {
  readonly connected: boolean
  readonly onSend: (text: string) => void
}

export const Composer = ({ connected, onSend }: Props) => {
  const [text, setText] = useState("")
  const field = useRef<HTMLTextAreaElement>(null)

  // A disabled field loses the focus; whoever was writing goes on after a cut.
  useEffect(() => {
    const elsewhere = document.activeElement !== null && document.activeElement !== document.body
    if (connected && !elsewhere) field.current?.focus()
  }, [connected])

  const submit = (event: FormEvent) => {
    event.preventDefault()
    const said = text.trim()
    if (said === "" || !connected) return
    onSend(said)
    setText("")
  }
  const onKeyDown = (event: KeyboardEvent) => {
    // While an input method composes, Enter accepts its suggestion.
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) submit(event)
  }
  return (
    <form className="composer" onSubmit={submit}>
      <label htmlFor="composer" className="visually-hidden">
        Message
      </label>
      <textarea
        id="composer"
        ref={field}
        data-testid="composer"
        rows={1}
        value={text}
        maxLength={4000}
        placeholder={connected ? "Write a message" : "Waiting for the connection…"}
        disabled={!connected}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <button
        type="submit"
        className="primary"
        data-testid="send"
        disabled={!connected || text.trim() === ""}
      >
        Send
      </button>
    </form>
  )
}
