/**
 * Face: a round initial in a colour that is always the same for a name.
 */
import type { CSSProperties } from "react"
import { hueOf } from "./hueOf.ts"

export const Face = ({ name }: { readonly name: string }) => (
  <span className="face" aria-hidden="true" style={{ "--hue": hueOf(name) } as CSSProperties}>
    {[...name][0]?.toUpperCase() ?? "?"}
  </span>
)
