/**
 * Lobby: the room that everybody is in for as long as the page is open, whatever view is shown.
 */
import { asWeirError, type WeirError } from "@weir/client/Failure"
import { newMessageId } from "@weir/client/MessageId"
import type { Member } from "@weir/client/Publication"
import { useChannel } from "@weir/client/react/useChannel"
import { usePresence } from "@weir/client/react/usePresence"
import type { Signal } from "@weir/client/Signal"
import {
  createContext,
  type ReactNode,
  use,
  useCallback,
  useEffect,
  useMemo,
  useReducer,
  useRef,
  useState
} from "react"
import { emptyRoom, type RoomEvent, type RoomState, roomAfter } from "./RoomState.ts"
import { noticeAfter, type TypingNotice } from "./TypingNotice.ts"
import { nextEnd, nobodyTypes, type Typists, typistsAfter } from "./Typists.ts"

export const LOBBY = "chat:lobby"

const SHOWN_AT_FIRST = 50

export interface Lobby {
  readonly room: RoomState
  readonly members: ReadonlyArray<Member>
  readonly typists: Typists
  /** The server will not let us in. */
  readonly error: WeirError | undefined
  /** What stands in the line to write in; it stays there while another view is shown. */
  readonly written: string
  readonly write: (text: string) => void
  /** `id` is given to send a failed message again. */
  readonly send: (text: string, id?: string) => void
  readonly dispatch: (event: RoomEvent) => void
}

const LobbyContext = createContext<Lobby | undefined>(undefined)

export const useLobby = (): Lobby => {
  const lobby = use(LobbyContext)
  if (lobby === undefined) throw new Error("useLobby: there is no LobbyProvider above")
  return lobby
}

export const LobbyProvider = ({ children }: { readonly children: ReactNode }) => {
  const [room, dispatch] = useReducer(roomAfter, emptyRoom)
  const [typists, tell] = useReducer(typistsAfter, nobodyTypes)
  const [written, setWritten] = useState("")
  const notice = useRef<TypingNotice>(undefined)

  const { error, publish, signal } = useChannel(LOBBY, {
    rewind: SHOWN_AT_FIRST,
    onPublication: (publication) => {
      dispatch({ type: "publication", publication })
      tell({ type: "said", user: publication.publisher })
    },
    onGap: (gap) => dispatch({ type: "gap", gap }),
    onSignal: ({ data, member, publisher }: Signal) => {
      const isTyping = isTypingIn(data)
      if (isTyping === undefined) return
      tell({ type: "signal", member, user: publisher, isTyping, at: Date.now() })
    }
  })
  const { members } = usePresence(LOBBY, { member: ME })

  useEffect(() => {
    tell({ type: "present", members: new Set(members.map(({ id }) => id)) })
  }, [members])

  useEffect(() => {
    const end = nextEnd(typists)
    if (end === undefined) return
    const timer = setTimeout(() => tell({ type: "tick", at: Date.now() }), end - Date.now())
    return () => clearTimeout(timer)
  }, [typists])

  const send = useCallback(
    (text: string, id = newMessageId()) => {
      dispatch({ type: "sending", id, text })
      publish({ text }, { messageId: id }).then(
        () => dispatch({ type: "sent", id }),
        (failure: unknown) => {
          const { message } = asWeirError(failure, "internal")
          dispatch({ type: "failed", id, reason: message })
        }
      )
    },
    [publish]
  )
  const write = useCallback(
    (text: string) => {
      const decision = noticeAfter(notice.current, text.trim() === "", Date.now())
      notice.current = decision.notice
      if (decision.isTyping !== undefined) signal({ typing: decision.isTyping })
      setWritten(text)
    },
    [signal]
  )
  const lobby = useMemo(
    () => ({ room, members, typists, error, written, write, send, dispatch }),
    [room, members, typists, error, written, write, send]
  )
  return <LobbyContext value={lobby}>{children}</LobbyContext>
}

const ME = {}

const isTypingIn = (data: unknown): boolean | undefined =>
  typeof data === "object" && data !== null && "typing" in data ? data.typing === true : undefined
