import { expect, test } from "vitest"

import { findIn } from "./_repo-of.ts"
import { checkFileSizes, checkFunctionSizes } from "./sizes.ts"

const lines = (count: number) => "x\n".repeat(count)

test.each([
  ["apps/cli/src/a.ts", 400],
  ["apps/cli/src/a.test.ts", 600],
])("%s may have %i lines and no more", (path, max) => {
  expect(findIn(checkFileSizes, path, lines(max))).toEqual([])
  expect(findIn(checkFileSizes, path, lines(max + 1))).toEqual([
    `${max + 1}: file has ${max + 1} lines, at most ${max}`,
  ])
})

test.each([
  "function f() {",
  "export async function f<T>(a: { b: T }): Promise<void> {",
  "function f(): { a: number } {",
  "class A { async #f(a = {}) {",
  "const f = (a: string): void => {",
  "const f = async a => {",
])("checkFunctionSizes() measures %s", (head) => {
  expect(findIn(checkFunctionSizes, "a.ts", `${head}\n${lines(68)}}`)).toEqual([])
  expect(findIn(checkFunctionSizes, "a.ts", `${head}\n${lines(69)}}`)).toEqual([
    "1: function has 71 lines, at most 70",
  ])
})

test.each([
  ["a.ts", "const f = {"],
  ["a.ts", "if (a) {"],
  ["a.ts", "for await (const a of b) {"],
  ["a.ts", "class A {"],
  ["a.ts", "interface A {"],
  ["a.test.ts", 'describe("a", () => {'],
  ["a.test.ts", 'test.each([1])("a", async (a) => {'],
])("checkFunctionSizes() lets %s have a long %s", (path, head) => {
  expect(findIn(checkFunctionSizes, path, `${head}\n${lines(200)}}`)).toEqual([])
})

test("checkFunctionSizes() measures callbacks outside of tests", () => {
  expect(findIn(checkFunctionSizes, "a.ts", `each(() => {\n${lines(200)}})`)).toHaveLength(1)
})
