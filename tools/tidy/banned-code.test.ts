import { expect, test } from "vitest"

import { findIn } from "./_repo-of.ts"
import {
  checkChildProcess,
  checkDefaultExports,
  checkEnums,
  checkExportStar,
  checkFileNames,
  checkLeftovers,
  checkProcessEnv,
} from "./banned-code.ts"
import type { Rule } from "./repo.ts"

const SPAWN = 'import { spawn } from "node:child_process"'
const FIX_ME = ["FIX", "ME"].join("")

test.each<[Rule, string, string]>([
  [checkChildProcess, "apps/cli/src/a.ts", SPAWN],
  [checkChildProcess, "packages/linux/src/dm/a.ts", SPAWN],
  [checkProcessEnv, "apps/cli/src/a.ts", "const home = process.env.HOME"],
  [checkFileNames, "apps/cli/src/utils.ts", ""],
  [checkFileNames, "apps/cli/src/types.test.ts", ""],
  [checkFileNames, "apps/cli/src/helpers/a.ts", ""],
  [checkExportStar, "apps/cli/src/a.ts", 'export * from "./b.ts"'],
  [checkExportStar, "apps/cli/src/a.ts", 'export type * from "./b.ts"'],
  [checkEnums, "apps/cli/src/a.ts", "export const enum Color { Red }"],
  [checkDefaultExports, "apps/cli/src/a.ts", "export default 1"],
  [checkDefaultExports, "apps/cli/src/a.ts", "export { a as default }"],
  [checkLeftovers, "apps/cli/src/a.ts", `// ${FIX_ME}: later`],
])("%o finds one in %s: %s", (rule, path, text) => {
  expect(findIn(rule, path, text)).toEqual([expect.stringMatching(/^1: /)])
})

test.each<[Rule, string, string]>([
  [checkChildProcess, "packages/linux/src/exec/run.ts", SPAWN],
  [checkChildProcess, "tests/vm/a.test.ts", SPAWN],
  [checkProcessEnv, "apps/cli/src/config.ts", "process.env"],
  [checkProcessEnv, "apps/cli/src/read-env.ts", "process.env"],
  [checkProcessEnv, "tests/vm/_a.ts", "process.env"],
  [checkProcessEnv, "tools/a.ts", "process.env"],
  [checkProcessEnv, "apps/cli/src/a.ts", "// process.env is not read here"],
  [checkFileNames, "apps/cli/src/process-types-of.ts", ""],
  [checkExportStar, "apps/cli/src/a.ts", 'export * as b from "./b.ts"'],
  [checkEnums, "apps/cli/src/a.ts", "const enumeration = 1 // enum x"],
  [checkDefaultExports, "vitest.config.ts", "export default 1"],
  [checkLeftovers, "apps/cli/src/a.ts", 'mkdtemp("a-XXXXXX")'],
])("%o finds nothing in %s: %s", (rule, path, text) => {
  expect(findIn(rule, path, text)).toEqual([])
})
