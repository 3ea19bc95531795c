/**
 * useRoute: the route of the page's address, and each one that follows.
 */
import { useMemo, useSyncExternalStore } from "react"
import { type Route, routeOf } from "./Route.ts"

const subscribe = (onChange: () => void) => {
  addEventListener("hashchange", onChange)
  return () => removeEventListener("hashchange", onChange)
}

export const useRoute = (): Route => {
  const hash = useSyncExternalStore(subscribe, () => location.hash)
  return useMemo(() => routeOf(hash), [hash])
}
