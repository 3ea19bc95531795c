/**
 * Composer: the line to write in. Enter sends, Shift+Enter breaks the line, Escape empties it.
 */
import { type FormEvent, type KeyboardEvent, useEffect, useRef } from "react"

interface Props {
  readonly isConnected: boolean
  readonly text: string
  readonly onWrite: (text: string) => void
  readonly onSend: (text: string) => void
}

export const Composer = ({ isConnected, onSend, onWrite, text }: Props) => {
  const field = useRef<HTMLTextAreaElement>(null)

  // On a phone, the focus would bring up the keyboard before anybody asked for it.
  useEffect(() => {
    const elsewhere = document.activeElement !== null && document.activeElement !== document.body
    if (!elsewhere && matchMedia("(pointer: fine)").matches) field.current?.focus()
  }, [])

  const submit = (event: FormEvent) => {
    event.preventDefault()
    const said = text.trim()
    if (said === "") return
    onSend(said)
    onWrite("")
  }
  const onKeyDown = (event: KeyboardEvent) => {
    // While an input method composes, both keys are its own.
    if (event.nativeEvent.isComposing) return
    if (event.key === "Enter" && !event.shiftKey) submit(event)
    if (event.key === "Escape") onWrite("")
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
        placeholder={isConnected ? "Write a message" : "Offline: messages wait"}
        onChange={(event) => onWrite(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <button type="submit" className="primary" data-testid="send" disabled={text.trim() === ""}>
        Send
      </button>
    </form>
  )
}
