/**
 * Console: all views of one signed-in tab, over one line.
 */
import { useConnection } from "@weir/client/react/useConnection"
import { WeirProvider } from "@weir/client/react/WeirProvider"
import { useEffect } from "react"
import { Chart } from "./chart/Chart.tsx"
import { Chat } from "./chat/Chat.tsx"
import { LobbyProvider } from "./chat/Lobby.tsx"
import { ConnectionView } from "./connection/ConnectionView.tsx"
import { CursorRoom } from "./cursors/CursorRoom.tsx"
import { Inspector } from "./inspector/Inspector.tsx"
import type { Line } from "./line/Line.ts"
import { LineContext } from "./line/LineContext.tsx"
import { Navigation } from "./Navigation.tsx"
import type { Route } from "./Route.ts"
import { TopBar } from "./TopBar.tsx"
import { useRoute } from "./useRoute.ts"

interface Props {
  readonly line: Line
  readonly onSignOut: () => void
}

export const Console = ({ line, onSignOut }: Props) => {
  const route = useRoute()

  useEffect(() => {
    document.title = `Weir: ${route.channel || route.view}`
  }, [route])

  return (
    <WeirProvider client={line.client}>
      <LineContext value={line}>
        <LobbyProvider>
          <div className="console">
            <TopBar onSignOut={onSignOut} />
            <Navigation view={route.view} />
            <main>
              <Failure />
              <Shown {...route} />
            </main>
          </div>
        </LobbyProvider>
      </LineContext>
    </WeirProvider>
  )
}

const Shown = ({ channel, view }: Route) => {
  switch (view) {
    case "chat":
      return <Chat />
    case "cursors":
      return <CursorRoom />
    case "chart":
      return <Chart />
    case "inspect":
      return <Inspector channel={channel} />
    case "connection":
      return <ConnectionView />
  }
}

const Failure = () => {
  const { failure } = useConnection()
  if (failure === undefined) return null
  return (
    <p className="failure" role="alert" data-testid="failure">
      {failure.message}
    </p>
  )
}
