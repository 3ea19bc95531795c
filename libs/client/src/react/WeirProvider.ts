/**
 * WeirProvider: gives the components below it a client.
 */
import { createContext, createElement, type ReactNode, useContext, useEffect } from "react"
import type { WeirClient } from "../WeirClient.ts"

const WeirContext = createContext<WeirClient | undefined>(undefined)

export interface WeirProviderProps {
  /** Made outside of the components, so that it outlives them; who made it closes it. */
  readonly client: WeirClient
  readonly children?: ReactNode
}

/** Connects the client when it is mounted, if nobody has yet. */
export const WeirProvider = ({ children, client }: WeirProviderProps): ReactNode => {
  useEffect(() => {
    if (client.state === "idle") client.connect()
  }, [client])
  return createElement(WeirContext, { value: client }, children)
}

/** The client of the nearest `WeirProvider`. */
export const useWeir = (): WeirClient => {
  const client = useContext(WeirContext)
  if (client === undefined) {
    throw new Error("no Weir client here: put this component inside of <WeirProvider client={…}>")
  }
  return client
}
