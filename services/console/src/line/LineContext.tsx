/**
 * LineContext: gives the views their line.
 */
import { createContext, use } from "react"
import type { Line } from "./Line.ts"

export const LineContext = createContext<Line | undefined>(undefined)

export const useLine = (): Line => {
  const line = use(LineContext)
  if (line === undefined) throw new Error("useLine: there is no LineContext above")
  return line
}
