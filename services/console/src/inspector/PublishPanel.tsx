/**
 * PublishPanel: publishes by hand, and shows what the server answered.
 */
import { asWeirError } from "@weir/client/Failure"
import type { Published } from "@weir/client/PublishLane"
import { useWeir } from "@weir/client/react/WeirProvider"
import { type FormEvent, type KeyboardEvent, useState } from "react"
import { draftOf, type Kind } from "./PublishDraft.ts"

type Outcome =
  | { readonly type: "sending" }
  | { readonly type: "published"; readonly published: Published }
  | { readonly type: "refused"; readonly problem: string }

export const PublishPanel = ({ channel }: { readonly channel: string }) => {
  const client = useWeir()
  const [kind, setKind] = useState<Kind>("json")
  const [text, setText] = useState('{"text":"hi"}')
  const [messageId, setMessageId] = useState("")
  const [outcome, setOutcome] = useState<Outcome>()

  const submit = (event: FormEvent | KeyboardEvent) => {
    event.preventDefault()
    const draft = draftOf(kind, text, messageId)
    if ("problem" in draft) return setOutcome({ type: "refused", problem: draft.problem })
    setOutcome({ type: "sending" })
    client.publish(channel, draft.data, draft.options).then(
      (published) => setOutcome({ type: "published", published }),
      (error: unknown) => {
        const { code, message } = asWeirError(error, "internal")
        setOutcome({ type: "refused", problem: `${code}: ${message}` })
      }
    )
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event)
  }
  return (
    <section className="panel" aria-labelledby="publish-title">
      <h2 id="publish-title">Publish</h2>
      <form className="publish" onSubmit={submit}>
        <fieldset className="choice">
          <legend className="visually-hidden">The data is</legend>
          {(["json", "text"] as const).map((each) => (
            <label key={each}>
              <input
                type="radio"
                name="kind"
                checked={kind === each}
                onChange={() => setKind(each)}
              />
              {each === "json" ? "JSON" : "Text"}
            </label>
          ))}
        </fieldset>
        <label htmlFor="publish-data" className="visually-hidden">
          Data
        </label>
        <textarea
          id="publish-data"
          className="code"
          data-testid="publish-data"
          rows={3}
          value={text}
          spellCheck={kind === "text"}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <div className="row">
          <label htmlFor="publish-id" className="visually-hidden">
            Message id
          </label>
          <input
            id="publish-id"
            data-testid="publish-id"
            value={messageId}
            placeholder="Message id (optional)"
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => setMessageId(event.target.value)}
          />
          <button type="submit" className="primary" data-testid="publish">
            Publish
          </button>
        </div>
        <PublishAnswer outcome={outcome} />
      </form>
    </section>
  )
}

const PublishAnswer = ({ outcome }: { readonly outcome: Outcome | undefined }) => {
  switch (outcome?.type) {
    case undefined:
      return (
        <p className="answer faint">
          Ctrl+Enter publishes. An id that is known publishes nothing new.
        </p>
      )
    case "sending":
      return <p className="answer faint">Publishing…</p>
    case "refused":
      return (
        <p className="answer problem" role="alert" data-testid="publish-problem">
          {outcome.problem}
        </p>
      )
    case "published": {
      const { duplicate, position } = outcome.published
      return (
        <p
          className="answer"
          role="status"
          data-testid="publish-answer"
          data-offset={position.offset}
          data-duplicate={duplicate}
        >
          {duplicate ? "Known already, at" : "Published at"} offset <b>{position.offset}</b> of
          epoch <code>{position.epoch}</code>, term <code>{position.term}</code>.
        </p>
      )
    }
  }
}
