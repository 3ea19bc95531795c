/**
 * useObservable: a value of the SDK's or the page's that changes, as state for React.
 */
import type { Observable } from "@weir/client/Observable"
import { useSyncExternalStore } from "react"

export const useObservable = <T>(observable: Observable<T>): T =>
  useSyncExternalStore(observable.subscribe, () => observable.value)
