/**
 * App: the sign-in, or the room of whoever is signed in.
 *
 * The name lives in the tab's session storage: a reload signs in again, another
 * tab may be somebody else.
 */
import { useState } from "react"
import { Room } from "./Room.tsx"
import { SignIn } from "./SignIn.tsx"

const NAME = "weir.name"

export const App = () => {
  const [name, setName] = useState(() => sessionStorage.getItem(NAME) ?? "")

  const signIn = (chosen: string) => {
    sessionStorage.setItem(NAME, chosen)
    setName(chosen)
  }
  const signOut = () => {
    sessionStorage.removeItem(NAME)
    setName("")
  }
  return name === "" ? (
    <SignIn onSignIn={signIn} />
  ) : (
    <Room key={name} name={name} onSignOut={signOut} />
  )
}
