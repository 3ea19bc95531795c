/**
 * Face: a round initial in a colour that is always the same for a name.
 */
import type { CSSProperties } from "react"

const hueOf = (name: string): number => {
  let hash = 0
  for (const char of name) hash = (hash * 31 + char.codePointAt(0)!) % 360
  return hash
}

export const Face = ({ name }: { readonly name: string }) => (
  <span className="face" aria-hidden="true" style={{ "--hue": hueOf(name) } as CSSProperties}>
    {[...name][0]?.toUpperCase() ?? "?"}
  </span>
)
