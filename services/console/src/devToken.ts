/**
 * devToken: the development identity, which a Weir under `npm start` hands out.
 */
import { WeirError } from "@weir/client/Failure"

export const devToken = async (user: string): Promise<string> => {
  const response = await fetch("/dev/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user })
  })
  if (response.status >= 500) throw new WeirError("unavailable", "the server cannot sign in now")
  if (!response.ok) {
    throw new WeirError("unauthenticated", "this server hands out no development identity")
  }
  const { token } = (await response.json()) as { readonly token: string }
  return token
}

/** False if it is certain that nobody can sign in here. */
export const canSignIn = (): Promise<boolean> =>
  devToken("console").then(
    () => true,
    (error: unknown) => !(error instanceof WeirError && error.code === "unauthenticated")
  )
