/**
 * TopBar: what stays in sight in every view: the state of the line, and who one is.
 */
import { useConnection } from "@weir/client/react/useConnection"
import { ConnectionStatus } from "./ConnectionStatus.tsx"
import { Face } from "./Face.tsx"
import { Icon } from "./Icon.tsx"
import { useLine } from "./line/LineContext.tsx"
import { ThemeToggle } from "./ThemeToggle.tsx"

export const TopBar = ({ onSignOut }: { readonly onSignOut: () => void }) => {
  const { client, name } = useLine()
  const { state } = useConnection()
  return (
    <header className="top-bar">
      <img src="/icon.svg" alt="" width="28" height="28" />
      <span className="brand">Weir</span>
      <ConnectionStatus state={state} transport={client.transport} />
      <span className="me">
        <Face name={name} />
        <span className="person" data-testid="me">
          {name}
        </span>
      </span>
      <ThemeToggle />
      <button
        type="button"
        className="icon-button"
        title="Sign out"
        aria-label="Sign out"
        data-testid="sign-out"
        onClick={onSignOut}
      >
        <Icon name="leave" />
      </button>
    </header>
  )
}
