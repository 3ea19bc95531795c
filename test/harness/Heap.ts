/**
 * Heap: what a process holds in memory, asked through Node's inspector, so that
 * it runs no code for the test. The process is started with `inspectFlags`.
 */
import type { WeirProcess } from "./WeirProcess.ts"

export const inspectFlags = ["--inspect=127.0.0.1:0", "--expose-gc"]

export interface Heap {
  /** Bytes in use, right after a garbage collection. */
  readonly usedBytes: number
  /** Bytes in buffers, which live outside of the heap. */
  readonly bufferBytes: number
  /** What keeps the event loop alive: sockets, timers, servers. */
  readonly handles: number
}

interface Snapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: ReadonlyArray<string>
      readonly node_types: ReadonlyArray<ReadonlyArray<string>>
    }
  }
  readonly nodes: ReadonlyArray<number>
  readonly strings: ReadonlyArray<string>
}

const countByClass = ({ nodes, snapshot, strings }: Snapshot): Map<string, number> => {
  const { node_fields: fields, node_types: types } = snapshot.meta
  const [type, name] = [fields.indexOf("type"), fields.indexOf("name")]
  const object = types[type]!.indexOf("object")
  const counts = new Map<string, number>()
  for (let node = 0; node < nodes.length; node += fields.length) {
    if (nodes[node + type] !== object) continue
    const className = strings[nodes[node + name]!]!
    counts.set(className, (counts.get(className) ?? 0) + 1)
  }
  return counts
}

type Call = <A>(method: string, params?: object) => Promise<A>

/** Asks one process, with every chunk of a snapshot given to `onChunk`. */
const inspecting = async <A>(
  weir: WeirProcess,
  ask: (call: Call) => Promise<A>,
  onChunk: (chunk: string) => void = () => {}
): Promise<A> => {
  const url = /ws:\/\/127\.0\.0\.1:\d+\/[\w-]+/.exec(weir.log())?.[0]
  if (url === undefined) throw new Error(`start it with ${inspectFlags.join(" ")}`)
  const socket = new WebSocket(url)
  await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }))
  const answers = new Map<number, (result: unknown) => void>()
  socket.onmessage = ({ data }) => {
    const { id, method, params, result } = JSON.parse(data)
    if (method === "HeapProfiler.addHeapSnapshotChunk") onChunk(params.chunk)
    answers.get(id)?.(result)
  }
  let lastId = 0
  const call = <A>(method: string, params: object = {}): Promise<A> => {
    const id = ++lastId
    socket.send(JSON.stringify({ id, method, params }))
    return new Promise((resolve) => answers.set(id, resolve as (result: unknown) => void))
  }
  try {
    await call("HeapProfiler.enable")
    return await ask(call)
  } finally {
    socket.close()
  }
}

// In one go: what the process allocates between two questions would count as held. Twice:
// buffers of the first round have been let go of by the time the second begins.
const lookAt = `gc(); gc(); (({ arrayBuffers, heapUsed }) => ({
  usedBytes: heapUsed,
  bufferBytes: arrayBuffers,
  handles: process.getActiveResourcesInfo().length
}))(process.memoryUsage())`

export const inspectHeap = (weir: WeirProcess): Promise<Heap> =>
  inspecting(weir, async (call) => {
    const { result } = await call<{ result: { value: Heap } }>("Runtime.evaluate", {
      expression: lookAt,
      returnByValue: true
    })
    return result.value
  })

/** Objects alive, by the name of their class. The process stands still meanwhile, for seconds. */
export const countObjects = async (weir: WeirProcess): Promise<(className: string) => number> => {
  const chunks: Array<string> = []
  await inspecting(
    weir,
    (call) => call("HeapProfiler.takeHeapSnapshot"),
    (chunk) => chunks.push(chunk)
  )
  const counts = countByClass(JSON.parse(chunks.join("")))
  return (className) => counts.get(className) ?? 0
}
