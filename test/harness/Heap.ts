/**
 * Heap: what a process holds in memory, asked through Node's inspector, so that
 * it runs no code for the test. The process is started with `inspectFlag`.
 */
import type { WeirProcess } from "./WeirProcess.ts"

export const inspectFlag = "--inspect=127.0.0.1:0"

export interface Heap {
  /** Bytes in use, right after a garbage collection. */
  readonly usedBytes: number
  /** Bytes in buffers, which live outside of the heap. */
  readonly bufferBytes: number
  /** Objects alive, by the name of their class. */
  readonly count: (className: string) => number
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

export const inspectHeap = async (weir: WeirProcess): Promise<Heap> => {
  const url = /ws:\/\/127\.0\.0\.1:\d+\/[\w-]+/.exec(weir.log())?.[0]
  if (url === undefined) throw new Error(`start it with ${inspectFlag}`)
  const socket = new WebSocket(url)
  await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }))
  const chunks: Array<string> = []
  const answers = new Map<number, (result: unknown) => void>()
  socket.onmessage = ({ data }) => {
    const { id, method, params, result } = JSON.parse(data)
    if (method === "HeapProfiler.addHeapSnapshotChunk") chunks.push(params.chunk)
    answers.get(id)?.(result)
  }
  let lastId = 0
  const call = <A>(method: string, params: object = {}): Promise<A> => {
    const id = ++lastId
    socket.send(JSON.stringify({ id, method, params }))
    return new Promise((resolve) => answers.set(id, resolve as (result: unknown) => void))
  }
  await call("HeapProfiler.enable")
  // Twice: finalizers of the first round let go of what the second collects.
  await call("HeapProfiler.collectGarbage")
  await call("HeapProfiler.collectGarbage")
  const { usedSize } = await call<{ usedSize: number }>("Runtime.getHeapUsage")
  const evaluate = async (expression: string): Promise<number> => {
    const { result } = await call<{ result: { value: number } }>("Runtime.evaluate", { expression })
    return result.value
  }
  const bufferBytes = await evaluate("process.memoryUsage().arrayBuffers")
  const handles = await evaluate("process.getActiveResourcesInfo().length")
  await call("HeapProfiler.takeHeapSnapshot")
  const counts = countByClass(JSON.parse(chunks.join("")))
  socket.close()
  return {
    usedBytes: usedSize,
    bufferBytes,
    handles,
    count: (className) => counts.get(className) ?? 0
  }
}
