/**
 * SignIn: asks for a name. Under `npm start` that is all the identity there is.
 */
import { type FormEvent, useEffect, useState } from "react"
import { canSignIn } from "./devToken.ts"

export const SignIn = ({ onSignIn }: { readonly onSignIn: (name: string) => void }) => {
  const [name, setName] = useState("")
  const [isClosed, setClosed] = useState(false)
  const chosen = name.trim()

  useEffect(() => {
    canSignIn().then((can) => setClosed(!can))
  }, [])

  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (chosen !== "") onSignIn(chosen)
  }
  return (
    <main className="sign-in">
      <form className="card" onSubmit={submit}>
        <img src="/icon.svg" alt="" width="48" height="48" />
        <h1>Weir</h1>
        {isClosed ? (
          <p data-testid="closed">
            This page is for trying Weir out with the development identity of <code>npm start</code>
            , which this server does not hand out.
          </p>
        ) : (
          <>
            <p>Pick a name to look around. Open a second tab to be two people.</p>
            <label htmlFor="name">Your name</label>
            <input
              id="name"
              data-testid="name-input"
              value={name}
              onChange={(event) => setName(event.target.value)}
              maxLength={32}
              autoComplete="nickname"
              autoCapitalize="none"
              spellCheck={false}
              // biome-ignore lint/a11y/noAutofocus: the page has nothing else to begin with
              autoFocus
            />
            <button
              type="submit"
              className="primary"
              data-testid="sign-in"
              disabled={chosen === ""}
            >
              Sign in
            </button>
          </>
        )}
      </form>
    </main>
  )
}
