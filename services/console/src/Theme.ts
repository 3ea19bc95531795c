/**
 * Theme: light or dark as the system says, or as the reader has chosen here.
 */

export const themes = ["system", "light", "dark"] as const

export type Theme = (typeof themes)[number]

const KEY = "weir.theme"

export const nextTheme = (theme: Theme): Theme =>
  themes[(themes.indexOf(theme) + 1) % themes.length]!

/** Anything may stand in a browser's storage. */
export const themeOf = (stored: string | null): Theme =>
  themes.find((theme) => theme === stored) ?? "system"

export const storedTheme = (): Theme => themeOf(localStorage.getItem(KEY))

/** The style sheet follows the attribute. */
export const applyTheme = (theme: Theme): void => {
  localStorage.setItem(KEY, theme)
  document.documentElement.dataset["theme"] = theme
}
