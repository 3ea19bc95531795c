/**
 * Roster: who is here now. A person with several tabs is one line.
 */
import type { Member } from "@weir/client/Publication"
import { Face } from "../Face.tsx"

interface Props {
  readonly members: ReadonlyArray<Member>
  readonly name: string
  readonly isOpen: boolean
}

export const Roster = ({ isOpen, members, name }: Props) => {
  const people = Map.groupBy(members, ({ user }) => user)
  const names = [...people.keys()].sort((a, b) => a.localeCompare(b))

  return (
    <aside id="roster" className={isOpen ? "roster open" : "roster"} aria-label="People here">
      <h2>
        Here now <span className="count">{names.length}</span>
      </h2>
      <ul data-testid="member-list">
        {names.map((user) => (
          <li key={user} data-testid="member" data-user={user}>
            <Face name={user} />
            <span className="person">{user || "anonymous"}</span>
            {user === name && <span className="note">you</span>}
            {people.get(user)!.length > 1 && (
              <span className="note">{people.get(user)!.length} tabs</span>
            )}
          </li>
        ))}
      </ul>
    </aside>
  )
}
