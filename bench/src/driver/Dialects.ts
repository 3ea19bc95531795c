/**
 * Dialects: which file knows which dialect.
 */
import type { Dialect, DialectName } from "./Dialect.ts"

const files: Readonly<Record<DialectName, () => Promise<{ readonly dialect: Dialect }>>> = {
  "weir-json": () => import("./dialects/WeirJson.ts"),
  "weir-proto": () => import("./dialects/WeirProto.ts"),
  plain: () => import("./dialects/Plain.ts"),
  "socket.io": () => import("./dialects/SocketIo.ts"),
  nats: () => import("./dialects/Nats.ts"),
  centrifugo: () => import("./dialects/Centrifugo.ts")
}

export const loadDialect = async (name: DialectName): Promise<Dialect> => {
  const { dialect } = await files[name]()
  return dialect
}
