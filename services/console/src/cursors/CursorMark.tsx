/**
 * CursorMark: somebody's cursor, with the name, at its place on the surface.
 *
 * The style sheet moves it there, and makes one movement of what comes in steps.
 */
import type { CSSProperties } from "react"
import { hueOf } from "../hueOf.ts"
import type { Spot } from "./Cursors.ts"

interface Props extends Spot {
  readonly label: string
  readonly user: string
}

export const CursorMark = ({ label, user, waves, x, y }: Props) => (
  <li
    className="cursor"
    data-testid="cursor"
    data-user={user}
    data-x={x.toFixed(3)}
    data-y={y.toFixed(3)}
    style={{ "--x": x, "--y": y, "--hue": hueOf(user) } as CSSProperties}
  >
    {/* A new wave is a new element: so it begins from its beginning. */}
    {waves > 0 && <span key={waves} className="wave" aria-hidden="true" />}
    <svg viewBox="0 0 20 22" width="24" height="26" aria-hidden="true">
      <path d="M2 1.5 18 11l-7.2 1.8-3.6 7z" />
    </svg>
    <span className="cursor-name">{label}</span>
  </li>
)
