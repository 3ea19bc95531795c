/**
 * ThemeToggle: goes from the system's theme to light, to dark, and back.
 */
import { useState } from "react"
import { Icon } from "./Icon.tsx"
import { applyTheme, nextTheme, storedTheme } from "./Theme.ts"

export const ThemeToggle = () => {
  const [theme, setTheme] = useState(storedTheme)

  const go = () => {
    applyTheme(nextTheme(theme))
    setTheme(nextTheme(theme))
  }
  const words = `Theme: ${theme}. Change to ${nextTheme(theme)}.`
  return (
    <button
      type="button"
      className="icon-button"
      title={words}
      aria-label={words}
      data-testid="theme"
      onClick={go}
    >
      <Icon name={theme} />
    </button>
  )
}
