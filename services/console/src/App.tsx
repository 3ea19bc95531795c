/**
 * App: the sign-in, or the console of whoever is signed in.
 *
 * The name lives in the tab's session storage: a reload signs in again, another
 * tab may be somebody else.
 */
import { useState } from "react"
import { Console } from "./Console.tsx"
import { Line } from "./line/Line.ts"
import { SignIn } from "./SignIn.tsx"

const NAME = "weir.name"

const storedLine = (): Line | undefined => {
  const name = sessionStorage.getItem(NAME) ?? ""
  return name === "" ? undefined : new Line(name)
}

export const App = () => {
  const [line, setLine] = useState(storedLine)

  const signIn = (name: string) => {
    sessionStorage.setItem(NAME, name)
    setLine(new Line(name))
  }
  const signOut = () => {
    sessionStorage.removeItem(NAME)
    line?.close()
    setLine(undefined)
  }
  return line === undefined ? (
    <SignIn onSignIn={signIn} />
  ) : (
    <Console line={line} onSignOut={signOut} />
  )
}
