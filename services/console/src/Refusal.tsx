/**
 * Refusal: why the server will not let this client into a channel.
 */
import type { WeirError } from "@weir/client/Failure"
import { useConnection } from "@weir/client/react/useConnection"

export const Refusal = ({ error }: { readonly error: WeirError | undefined }) => {
  const { state } = useConnection()
  // What ended the whole client is said once, above every view.
  if (error === undefined || state === "closed") return null
  return (
    <p className="failure" role="alert" data-testid="refused">
      {error.code}: {error.message}
    </p>
  )
}
