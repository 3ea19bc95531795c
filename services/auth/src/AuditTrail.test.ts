import { auditTrailContract } from "./AuditTrail.contract.ts"
import { layerMemory } from "./ports/AuditStore.ts"

auditTrailContract("memory", layerMemory)
