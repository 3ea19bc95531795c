/**
 * OnDemand: a service out of a library, which is loaded by the first call to it.
 *
 * Health and reflection read their definitions with a second protobuf library, for which nobody
 * else has a use. To load all that was a quarter of a process's start (1.7 s of CPU instead of
 * 2.2), and most processes are never asked. The first call waits for it, 0.3 s, and so does
 * everything else in the process, once.
 */
import type * as grpc from "@grpc/grpc-js"

/** A method, as the library's own definition has it, too. */
export interface OnDemandMethod {
  /** `/package.Service/Method` */
  readonly path: string
  readonly requestStream: boolean
  readonly responseStream: boolean
}

export interface OnDemandService {
  readonly definition: grpc.ServiceDefinition
  readonly methods: grpc.UntypedServiceImplementation
}

type AddTo = (server: Pick<grpc.Server, "addService">) => void

interface Loaded {
  readonly method: grpc.MethodDefinition<unknown, unknown>
  // biome-ignore lint/suspicious/noExplicitAny: which of the four kinds of handlers it is, says the method
  readonly handle: (...args: ReadonlyArray<any>) => void
}

const loadedBy = (addTo: AddTo): ReadonlyMap<string, Loaded> => {
  const loaded = new Map<string, Loaded>()
  addTo({
    addService: (definition, methods) => {
      for (const [name, method] of Object.entries(definition)) {
        const handle = methods[name] ?? methods[method.originalName ?? name]
        loaded.set(method.path, { method, handle: handle as Loaded["handle"] })
      }
    }
  })
  return loaded
}

/** `load` gives what the library would add to a server by itself; called once, if ever. */
export const onDemand = (
  methods: ReadonlyArray<OnDemandMethod>,
  load: () => AddTo
): OnDemandService => {
  let loaded: ReadonlyMap<string, Loaded> | undefined
  const of = (path: string): Loaded => {
    loaded ??= loadedBy(load())
    return loaded.get(path)!
  }
  const definitionOf = (method: OnDemandMethod): grpc.MethodDefinition<unknown, unknown> => ({
    ...method,
    requestSerialize: (message) => of(method.path).method.requestSerialize(message),
    requestDeserialize: (bytes) => of(method.path).method.requestDeserialize(bytes),
    responseSerialize: (message) => of(method.path).method.responseSerialize(message),
    responseDeserialize: (bytes) => of(method.path).method.responseDeserialize(bytes)
  })
  return {
    definition: Object.fromEntries(methods.map((it) => [it.path, definitionOf(it)])),
    methods: Object.fromEntries(
      methods.map(({ path }): [string, Loaded["handle"]] => [
        path,
        (...args) => of(path).handle(...args)
      ])
    )
  }
}
