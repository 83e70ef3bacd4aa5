import { describe, expect, test } from "vitest"

import { findIn } from "./_repo-of.ts"
import { checkLayers, checkPackageBorders, checkPurePackages } from "./layers.ts"

const importing = (specifier: string) => `import { x } from "${specifier}"\n`

describe("checkLayers()", () => {
  test.each([
    ["packages/linux/src/a.ts", "@thaw/model"],
    ["packages/linux/src/a.ts", "@thaw/linux"],
    ["apps/host-agent/src/a.ts", "@thaw/linux"],
    ["apps/cli/src/a.ts", "@thaw/host-agent"],
    ["apps/host-agent/src/a.test.ts", "@thaw/testkit"],
    ["packages/model/src/a.test.ts", "@thaw/testkit"],
    ["tests/vm/a.test.ts", "@thaw/host-agent"],
    ["tools/a.ts", "@thaw/linux"],
  ])("%s may import %s", (path, specifier) => {
    expect(findIn(checkLayers, path, importing(specifier))).toEqual([])
  })

  test.each([
    ["packages/model/src/a.ts", "@thaw/linux", "only packages above it"],
    ["packages/api/src/a.ts", "@thaw/linux/src/x.ts", "only packages above it"],
    ["packages/linux/src/a.ts", "@thaw/cli", "a package must not import the app"],
    ["packages/linux/src/a.test.ts", "@thaw/cli", "a package must not import the app"],
    ["apps/host-agent/src/a.ts", "@thaw/cli", "only apps/cli may import another app"],
    ["apps/host-agent/src/a.ts", "@thaw/testkit", "only tests may import"],
    ["tools/a.ts", "@thaw/testkit", "only tests may import"],
  ])("%s may not import %s", (path, specifier, message) => {
    expect(findIn(checkLayers, path, importing(specifier))).toEqual([expect.stringContaining(message)])
  })
})

describe("checkPurePackages()", () => {
  test("refuses Node's modules in pure packages, their tests left out", () => {
    expect(findIn(checkPurePackages, "packages/model/src/a.ts", importing("node:fs"))).toEqual([
      '1: packages/model is pure and must not import "node:fs"',
    ])
    expect(findIn(checkPurePackages, "packages/model/src/a.test.ts", importing("node:fs"))).toEqual([])
    expect(findIn(checkPurePackages, "packages/linux/src/a.ts", importing("node:fs"))).toEqual([])
  })
})

describe("checkPackageBorders()", () => {
  test.each([
    ["packages/linux/src/exec/a.ts", "../../../model/src/b.ts"],
    ["apps/cli/src/a.ts", "../../host-agent/src/b.ts"],
    ["apps/cli/src/a.test.ts", "../../../tests/b.ts"],
  ])("%s may not import %s", (path, specifier) => {
    expect(findIn(checkPackageBorders, path, importing(specifier))).toHaveLength(1)
  })

  test.each([
    ["packages/linux/src/exec/a.ts", "../process/b.ts"],
    ["tests/vm/a.test.ts", "../../apps/cli/src/b.ts"],
    ["tools/a.ts", "../packages/model/src/b.ts"],
  ])("%s may import %s", (path, specifier) => {
    expect(findIn(checkPackageBorders, path, importing(specifier))).toEqual([])
  })
})
