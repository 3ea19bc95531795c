/**
 * useConnection: how the client's connection is, and who the server takes it for.
 */
import { useSyncExternalStore } from "react"
import type { WeirError } from "../Failure.ts"
import type { ConnectionState } from "../Session.ts"
import { useWeir } from "./WeirProvider.ts"

export interface ConnectionStatus {
  readonly state: ConnectionState
  /** Empty for an anonymous one; undefined until connected. */
  readonly user: string | undefined
  /** Why the server closed the client for good. */
  readonly failure: WeirError | undefined
}

const initial = (): ConnectionState => "idle"

export const useConnection = (): ConnectionStatus => {
  const client = useWeir()
  const current = () => client.state
  const state = useSyncExternalStore(client.connectionState.subscribe, current, initial)
  // These change only together with the state.
  return { state, user: client.user, failure: client.failure }
}
