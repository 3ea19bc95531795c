/**
 * Navigation: the ways to the views; beside the view on a desk, below it on a phone.
 */
import { useLobby } from "./chat/Lobby.tsx"
import { Icon } from "./Icon.tsx"
import { useLine } from "./line/LineContext.tsx"
import { useObservable } from "./line/useObservable.ts"
import { hashOf, type View, views } from "./Route.ts"

const names: { readonly [V in View]: string } = {
  chat: "Chat",
  cursors: "Cursors",
  chart: "Chart",
  inspect: "Inspect",
  connection: "Connection"
}

const MANY = 99

export const Navigation = ({ view }: { readonly view: View }) => {
  const { unread } = useLobby().room
  const { feeder, network } = useLine()
  const isFeeding = useObservable(feeder.isOn)
  const isCut = useObservable(network.isCut)
  const notes: { readonly [V in View]?: string | undefined } = {
    chat: unread === 0 ? undefined : unread > MANY ? `${MANY}+` : `${unread}`,
    chart: isFeeding ? "on" : undefined,
    connection: isCut ? "cut" : undefined
  }
  return (
    <nav className="navigation" aria-label="Views">
      {views.map((each) => (
        <a
          key={each}
          href={hashOf({ view: each, channel: "" })}
          aria-current={each === view ? "page" : undefined}
          data-testid={`nav-${each}`}
        >
          <Icon name={each} />
          <span className="nav-name">{names[each]}</span>
          {notes[each] !== undefined && <span className="badge">{notes[each]}</span>}
        </a>
      ))}
    </nav>
  )
}
