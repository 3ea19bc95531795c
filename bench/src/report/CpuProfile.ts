/**
 * CpuProfile: where a process of Weir spent its time, by whose code that was.
 */

/** As V8 writes it: https://chromedevtools.github.io/devtools-protocol/tot/Profiler. */
export interface CpuProfile {
  readonly nodes: ReadonlyArray<{
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string }
  }>
  readonly samples: ReadonlyArray<number>
  /** Microseconds before each sample. */
  readonly timeDeltas: ReadonlyArray<number>
}

export const places = [
  "socket writes",
  "kernel and native",
  "garbage collection",
  "node",
  "grpc-js",
  "libraries",
  "weir"
] as const

export type Place = (typeof places)[number]

/** Node's own functions that give bytes to the kernel. */
const write = /^(?:writev|write(?:Buffer|Utf8String|Latin1String|AsciiString))$/

/** Undefined: the process had nothing to do. */
const placeOf = (functionName: string, url: string): Place | undefined => {
  if (functionName === "(idle)") return undefined
  if (functionName === "(garbage collector)") return "garbage collection"
  if (write.test(functionName) && url === "") return "socket writes"
  if (url === "") return "kernel and native"
  if (url.startsWith("node:")) return "node"
  if (url.includes("/node_modules/@grpc/")) return "grpc-js"
  return url.includes("/node_modules/") ? "libraries" : "weir"
}

/** The share of each place in all the time that the process was busy. */
export const sharesOf = ({ nodes, samples, timeDeltas }: CpuProfile): Record<Place, number> => {
  const placeOfNode = new Map(
    nodes.map(({ callFrame: { functionName, url }, id }) => [id, placeOf(functionName, url)])
  )
  const micros = new Map<Place, number>(places.map((place) => [place, 0]))
  let busy = 0
  samples.forEach((id, index) => {
    const place = placeOfNode.get(id)
    if (place === undefined) return
    const took = Math.max(0, timeDeltas[index]!)
    micros.set(place, micros.get(place)! + took)
    busy += took
  })
  return Object.fromEntries(
    places.map((place) => [place, busy === 0 ? 0 : micros.get(place)! / busy])
  ) as Record<Place, number>
}
