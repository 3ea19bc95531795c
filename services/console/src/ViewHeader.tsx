/**
 * ViewHeader: the name of the view, and what belongs beside it.
 */
import type { ReactNode } from "react"

interface Props {
  readonly title: string
  readonly children?: ReactNode
}

export const ViewHeader = ({ children, title }: Props) => (
  <header className="view-header">
    <h1 id="title">{title}</h1>
    {children}
  </header>
)
