/**
 * Route: which view the page shows, as it stands behind the # of its address.
 */

export const views = ["chat", "cursors", "chart", "inspect", "connection"] as const

export type View = (typeof views)[number]

export interface Route {
  readonly view: View
  /** What is inspected; empty if nothing is, and in other views. */
  readonly channel: string
}

export const hashOf = ({ channel, view }: Route): string =>
  channel === "" ? `#/${view}` : `#/${view}/${encodeURIComponent(channel)}`

/** Whatever is no route leads to the chat. */
export const routeOf = (hash: string): Route => {
  const [name = "", ...rest] = hash.replace(/^#\/?/, "").split("/")
  const view = views.find((each) => each === name) ?? "chat"
  return { view, channel: view === "inspect" ? decoded(rest.join("/")) : "" }
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return ""
  }
}
