import { expect, test } from "vitest"

import { findIn, repoOf } from "./_repo-of.ts"
import { checkDeclaredDependencies, checkUnusedDependencies } from "./dependencies.ts"

test.each([
  ["apps/cli/src/a.ts", "pino"],
  ["apps/cli/src/a.ts", "node:fs"],
  ["apps/cli/src/a.test.ts", "vitest"],
  ["apps/cli/src/_a.ts", "vitest"],
  ["tests/a.test.ts", "pino"],
])("%s may import %s", (path, specifier) => {
  expect(findIn(checkDeclaredDependencies, path, `import x from "${specifier}"`)).toEqual([])
})

test.each([
  ["apps/cli/src/a.ts", "ws"],
  ["apps/cli/src/a.ts", "vitest"],
  ["apps/cli/src/a.ts", "@thaw/model"],
  ["tests/a.test.ts", "ws"],
])("%s may not import %s, which is not declared", (path, specifier) => {
  expect(findIn(checkDeclaredDependencies, path, `import x from "${specifier}/sub"`)).toEqual([
    expect.stringContaining(`"${specifier}" is not a dependency of`),
  ])
})

test("checkUnusedDependencies() finds what nothing mentions, in workspaces that have files", () => {
  const used = { "packages/model/src/a.ts": 'const target = "pino/file"' }
  const unused = { "packages/linux/src/a.ts": "const pino = 1", "apps/cli/README.md": "" }
  expect(checkUnusedDependencies(repoOf({ ...used, ...unused }))).toEqual([
    { file: "packages/linux/package.json", line: 1, message: 'dependency "pino" is not used' },
  ])
})
