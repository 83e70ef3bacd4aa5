import {
  checkChildProcess,
  checkDefaultExports,
  checkEnums,
  checkExportStar,
  checkFileNames,
  checkLeftovers,
  checkProcessEnv,
} from "./banned-code.ts"
import { checkDeclaredDependencies, checkUnusedDependencies } from "./dependencies.ts"
import { checkAgentsLength, checkLinks } from "./documents.ts"
import { checkLayers, checkPackageBorders, checkPurePackages } from "./layers.ts"
import type { Rule } from "./repo.ts"
import { checkFileSizes, checkFunctionSizes } from "./sizes.ts"

export const RULES: readonly Rule[] = [
  checkLayers,
  checkPurePackages,
  checkPackageBorders,
  checkDeclaredDependencies,
  checkUnusedDependencies,
  checkChildProcess,
  checkProcessEnv,
  checkFileNames,
  checkExportStar,
  checkEnums,
  checkDefaultExports,
  checkLeftovers,
  checkFileSizes,
  checkFunctionSizes,
  checkLinks,
  checkAgentsLength,
]
