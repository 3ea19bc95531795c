/**
 * The published package's entry `@weir/client/react`.
 */
export type { RosterView } from "../../src/react/Roster.ts"
export {
  type ChannelOptions,
  type ChannelView,
  type PublicationOf,
  useChannel
} from "../../src/react/useChannel.ts"
export { type ConnectionStatus, useConnection } from "../../src/react/useConnection.ts"
export { type PresenceViewOptions, usePresence } from "../../src/react/usePresence.ts"
export { useWeir, WeirProvider, type WeirProviderProps } from "../../src/react/WeirProvider.ts"
