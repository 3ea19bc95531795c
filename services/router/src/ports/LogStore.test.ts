import { logStoreContract } from "./LogStore.contract.ts"
import { layerMemory } from "./LogStore.ts"

logStoreContract("memory", layerMemory(4_096))
