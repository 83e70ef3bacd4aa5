import { expect, test } from "vitest"

import { maskSource } from "./mask-source.ts"
import { packageOf, parseImports } from "./parse-imports.ts"

const SOURCE = `import { a } from "one"
import type {
  B,
} from "two"
import c, { type D } from "three"
import * as e from "four"
import "five"
export { f } from "six"
export * from "seven"
export * as g from "eight"
const h = await import("nine")
export const i = 1
import j from "ten"
const text = 'import { k } from "not this"'
// import { l } from "nor this"
const template = \`
import { m } from "nor that"
\`
`

test("parseImports() finds every form with its line, and nothing in strings and comments", () => {
  expect(parseImports(SOURCE, maskSource(SOURCE))).toEqual([
    { specifier: "one", line: 1 },
    { specifier: "two", line: 2 },
    { specifier: "three", line: 5 },
    { specifier: "four", line: 6 },
    { specifier: "five", line: 7 },
    { specifier: "six", line: 8 },
    { specifier: "seven", line: 9 },
    { specifier: "eight", line: 10 },
    { specifier: "nine", line: 11 },
    { specifier: "ten", line: 13 },
  ])
})

test.each([
  ["pino", "pino"],
  ["pino/file", "pino"],
  ["@thaw/model", "@thaw/model"],
  ["@bufbuild/protobuf/codegenv2", "@bufbuild/protobuf"],
  ["./x.ts", undefined],
  ["../x.ts", undefined],
  ["node:fs", undefined],
])("packageOf(%j) is %j", (specifier, name) => {
  expect(packageOf(specifier)).toBe(name)
})
