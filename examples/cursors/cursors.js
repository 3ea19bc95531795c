// A room in which everybody sees everybody's cursor.
import { WeirClient } from "./dist/package/client.js"

const channel = "room:cursors"
const user = new URLSearchParams(location.search).get("user") ?? "somebody"
const colour = `hsl(${Math.floor(Math.random() * 360)} 70% 40%)`
const place = (id) => document.getElementById(id)

const client = new WeirClient({
  url: "ws://127.0.0.1:8080/v1/ws",
  token: async () => {
    const response = await fetch(`/token?user=${encodeURIComponent(user)}`)
    if (!response.ok) throw new Error(`no token: ${response.status}`)
    return response.text()
  }
})
client.connectionState.subscribe((state) => {
  place("state").textContent = state
})
client.connect()

const room = client.subscribe(
  channel,
  {
    onSubscribed: readRoster,
    onPresence: readRoster,
    onSignal: ({ member, publisher, data }) => moveCursor(member, publisher, data),
    onPublication: ({ data }) => {
      place("announcement").textContent = data.text
    },
    onError: ({ message }) => {
      place("state").textContent = message
    }
  },
  { presence: true, member: { colour }, rewind: { last: 1 } }
)

// Who is here. In large rooms apply what onPresence brings instead of reading all again.
let colours = new Map()
let reads = 0

async function readRoster() {
  const read = ++reads
  const { members } = await client.presence(channel)
  if (read !== reads) return // a later one is on its way
  colours = new Map(members.map(({ id, data }) => [id, data.colour]))
  place("members").replaceChildren(
    ...members.map(({ id, user }) => paint(document.createElement("li"), id, user))
  )
  for (const [id, cursor] of cursors) {
    if (colours.has(id)) continue
    cursor.remove()
    cursors.delete(id)
  }
}

// Where the others are. Signals are not kept: nobody needs to know where a cursor was.
const cursors = new Map()

function moveCursor(id, user, { x, y }) {
  if (!cursors.has(id)) {
    const cursor = document.createElement("div")
    cursor.className = "cursor"
    cursors.set(id, cursor)
    document.body.append(cursor)
  }
  const cursor = paint(cursors.get(id), id, `➤ ${user}`)
  cursor.style.left = `${Number(x) * 100}%`
  cursor.style.top = `${Number(y) * 100}%`
}

function paint(element, id, text) {
  element.textContent = text
  element.style.setProperty("--colour", colours.get(id) ?? "gray")
  return element
}

// Where I am: twenty times a second at most, and always where I stopped.
let here
let isSending = false

addEventListener("pointermove", ({ clientX, clientY }) => {
  here = { x: clientX / innerWidth, y: clientY / innerHeight }
  if (isSending) return
  isSending = true
  setTimeout(() => {
    isSending = false
    room.signal(here)
  }, 50)
})
