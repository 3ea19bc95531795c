/**
 * DraftItem: an own message on its way, or the reason why it was not sent.
 */
import type { Draft } from "./RoomState.ts"

interface Props {
  readonly draft: Draft
  readonly onRetry: (text: string, id: string) => void
  readonly onDismiss: (id: string) => void
}

export const DraftItem = ({ draft: { id, text, failure }, onRetry, onDismiss }: Props) => (
  <li className="message own draft" data-testid="draft" data-failed={failure !== undefined}>
    <div className="said">
      <p>{text}</p>
      {failure === undefined ? (
        <span className="fate">Sending…</span>
      ) : (
        <span className="fate" role="alert">
          Not sent: {failure}.
          <button type="button" onClick={() => onRetry(text, id)}>
            Send again
          </button>
          <button type="button" onClick={() => onDismiss(id)}>
            Discard
          </button>
        </span>
      )}
    </div>
  </li>
)
