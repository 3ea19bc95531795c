import { logStoreContract } from "./LogStore.contract.ts"
import { layerMemory } from "./MemoryLogStore.ts"

logStoreContract("memory", layerMemory(4_096))
