/**
 * PositionPanel: where a channel stands, and what the server said when it was subscribed.
 */
import type { Position, SubscribedPayload } from "@weir/client/Envelope"

interface Props {
  readonly isLive: boolean
  readonly position: Position | undefined
  readonly answer: SubscribedPayload | undefined
}

const recoveryOf = ({ reason, recovered }: SubscribedPayload): string => {
  if (recovered === true) return "yes, without a gap"
  return reason ? `no: ${reason.replace("_", " ")}` : "a new subscription"
}

export const PositionPanel = ({ answer, isLive, position }: Props) => (
  <section className="panel" aria-labelledby="position-title">
    <h2 id="position-title">
      Position
      <span className="tag" data-live={isLive}>
        {isLive ? "live" : "not live"}
      </span>
    </h2>
    <dl className="facts" data-testid="position">
      <dt>Offset</dt>
      <dd data-testid="offset">{position?.offset ?? "–"}</dd>
      <dt>Epoch</dt>
      <dd data-testid="epoch">{position?.epoch ?? "–"}</dd>
      <dt>Term</dt>
      <dd data-testid="term">{position?.term ?? "–"}</dd>
      <dt>Recovered</dt>
      <dd data-testid="recovered">{answer === undefined ? "–" : recoveryOf(answer)}</dd>
      <dt>Delivery</dt>
      <dd data-testid="delivery">{answer === undefined ? "–" : (answer.delivery ?? "all")}</dd>
    </dl>
  </section>
)
