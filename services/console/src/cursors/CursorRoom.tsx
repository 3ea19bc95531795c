/**
 * CursorRoom: a surface on which everybody sees where the others point.
 *
 * Places travel as signals, which are not kept: who comes is shown a place as soon as it
 * changes, or because the others see who came and say it once more.
 */
import { useChannel } from "@weir/client/react/useChannel"
import { usePresence } from "@weir/client/react/usePresence"
import type { Signal } from "@weir/client/Signal"
import { type KeyboardEvent, type PointerEvent, useEffect, useReducer, useState } from "react"
import { Face } from "../Face.tsx"
import { useLine } from "../line/LineContext.tsx"
import { ViewHeader } from "../ViewHeader.tsx"
import { CursorMark } from "./CursorMark.tsx"
import { cursorsAfter, noCursors, type Spot, within } from "./Cursors.ts"
import "./cursors.css"
import { useCursorSender } from "./useCursorSender.ts"

const ROOM = "chat:cursors"
const ME = {}

const steps: { readonly [key: string]: readonly [number, number] } = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1]
}
const STEP = 0.02
const LONG_STEP = 0.1

const middle: Spot = { x: 0.5, y: 0.5, waves: 0 }

/** Where I point. A mouse has a cursor already: mine is shown for fingers and keys. */
interface Own {
  readonly spot: Spot
  readonly isShown: boolean
}

export const CursorRoom = () => {
  const { name } = useLine()
  const [cursors, dispatch] = useReducer(cursorsAfter, noCursors)
  const [own, setOwn] = useState<Own>()
  const { isLive, signal } = useChannel(ROOM, {
    onSignal: ({ data, member, publisher }: Signal) =>
      dispatch({ type: "signal", member, user: publisher, data })
  })
  const { isComplete, members } = usePresence(ROOM, { member: ME })
  const send = useCursorSender(signal)

  useEffect(() => {
    if (isComplete) dispatch({ type: "present", members: new Set(members.map(({ id }) => id)) })
  }, [isComplete, members])

  // biome-ignore lint/correctness/useExhaustiveDependencies: it is said again to who has come
  useEffect(() => {
    if (own !== undefined && isLive) send(own.spot)
  }, [own, members, isLive, send])

  const point = (spot: Spot, isShown: boolean) => setOwn({ spot, isShown })
  const leave = () => {
    setOwn(undefined)
    if (own !== undefined) send(undefined)
  }
  const waves = own?.spot.waves ?? 0

  const onPointer = (event: PointerEvent<HTMLElement>, isWave: boolean) => {
    const { height, left, top, width } = event.currentTarget.getBoundingClientRect()
    const x = within((event.clientX - left) / width)
    const y = within((event.clientY - top) / height)
    point({ x, y, waves: isWave ? waves + 1 : waves }, event.pointerType !== "mouse")
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const { x, y } = own?.spot ?? middle
    const step = steps[event.key]
    if (step !== undefined) {
      const [right, down] = step
      const length = event.shiftKey ? LONG_STEP : STEP
      point({ x: within(x + right * length), y: within(y + down * length), waves }, true)
    } else if (event.key === "Enter" || event.key === " ") point({ x, y, waves: waves + 1 }, true)
    else if (event.key === "Escape") leave()
    else return
    event.preventDefault()
  }
  const people = [...new Set(members.map(({ user }) => user))].sort()

  return (
    <section className="view cursors" aria-labelledby="title">
      <ViewHeader title={ROOM}>
        <ul className="people" aria-label="People here" data-testid="cursor-people">
          {people.slice(0, 6).map((user) => (
            <li key={user} title={user} data-user={user}>
              <Face name={user} />
            </li>
          ))}
          {people.length > 6 && <li className="note">+{people.length - 6}</li>}
        </ul>
      </ViewHeader>
      <div
        className="surface"
        role="application"
        aria-label="Surface to point on: the arrow keys move, Enter waves, Escape leaves"
        data-testid="surface"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keys move a cursor, too
        tabIndex={0}
        onPointerMove={(event) => onPointer(event, false)}
        onPointerDown={(event) => onPointer(event, true)}
        onPointerLeave={({ pointerType }) => pointerType === "mouse" && leave()}
        onKeyDown={onKeyDown}
      >
        <p className="hint">
          {people.length > 1
            ? "Move, and the others see it. Click, tap or press Enter to wave."
            : "You are alone here: open a second tab, or the page on your phone."}
        </p>
        <ul aria-label="Cursors">
          {[...cursors].map(([member, { user, ...spot }]) => (
            <CursorMark key={member} {...spot} user={user} label={user || "somebody"} />
          ))}
          {own?.isShown && <CursorMark {...own.spot} user={name} label="you" />}
        </ul>
      </div>
    </section>
  )
}
