/**
 * ChannelForm: asks which channel to look into. Enter goes there, Escape takes a change back.
 */
import { type FormEvent, type KeyboardEvent, useState } from "react"

interface Props {
  readonly channel: string
  readonly suggestions: ReadonlyArray<string>
  readonly onInspect: (channel: string) => void
}

export const ChannelForm = ({ channel, onInspect, suggestions }: Props) => {
  const [text, setText] = useState(channel)

  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (text.trim() !== "") onInspect(text.trim())
  }
  const onKeyDown = ({ key }: KeyboardEvent) => key === "Escape" && setText(channel)

  return (
    <form className="channel-form" onSubmit={submit}>
      <label htmlFor="channel" className="visually-hidden">
        Channel
      </label>
      <input
        id="channel"
        data-testid="channel"
        list="channels"
        value={text}
        placeholder="namespace:name"
        autoCapitalize="none"
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <datalist id="channels">
        {suggestions.map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
      <button type="submit" className="quiet" data-testid="inspect">
        Inspect
      </button>
    </form>
  )
}
