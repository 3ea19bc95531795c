/**
 * Rules: all rules of the house, each under the sentence that it holds true.
 */
import * as FileRules from "./FileRules.ts"
import type { Rule, Violation } from "./House.ts"
import * as PackageRules from "./PackageRules.ts"
import * as RoomRules from "./RoomRules.ts"

export const rules = {
  "packages import only from floors below": PackageRules.downOnly,
  "every package stands on a floor": PackageRules.everyPackageHasAFloor,
  "every file belongs to a package": PackageRules.everyFileHasAPackage,
  "the client stands alone": PackageRules.clientStandsAlone,
  "foreign libraries stay in their homes": PackageRules.foreignAtHome,
  "only libs/config reads the environment": PackageRules.environmentInConfig,
  "what is imported is declared": PackageRules.importsAreDeclared,
  "what is declared is imported": PackageRules.declaredAreImported,
  "relative imports stay in their package": PackageRules.relativeStaysInside,
  "packages make no circle": PackageRules.noCircleOfPackages,
  "files make no circle": FileRules.noCircleOfFiles,
  "relative imports have their full ending": FileRules.fullEndings,
  "no file only re-exports": FileRules.noBarrels,
  "files are named after a concept": FileRules.concreteNames,
  "files begin with a header that names them": FileRules.headers,
  "no file is longer than 400 lines": FileRules.notTooLong,
  "domain imports values and rules only": RoomRules.domainIsPure,
  "domain has no clock and no randomness": RoomRules.domainIsSteady,
  "ports import domain and below": RoomRules.portsOnDomain,
  "only layer.ts imports adapters": RoomRules.adaptersBehindLayer,
  "main.ts knows its layer and no other file": RoomRules.mainRunsLayer,
  "services have their README, layer and main": RoomRules.servicesAreComplete
} as const satisfies Record<string, Rule>

export type RuleName = keyof typeof rules

export const describeViolation = ({ line, path, what }: Violation): string =>
  `${path}:${line} → ${what}`
