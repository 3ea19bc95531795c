import { layerMemory } from "./MemoryRestrictionStore.ts"
import { restrictionStoreContract } from "./RestrictionStore.contract.ts"

restrictionStoreContract("memory", layerMemory)
