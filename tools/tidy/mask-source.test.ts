import { expect, test } from "vitest"

import { maskSource } from "./mask-source.ts"

test.each([
  ["a // enum\nb", "a        \nb"],
  ["a /* enum\nx */ b", "a        \n     b"],
  ['"en\\"um" x', '"      " x'],
  ["'enum'", "'    '"],
  ["`enum ${enum1 + `enum`} enum` x", "`     ${enum1 + `    `}     ` x"],
  ["`${{ a: 1 }}enum`", "`${{ a: 1 }}    `"],
  ['x = /en[/"]um/g', "x = /        /g"],
  ["a / b / c", "a / b / c"],
  ["return /enum/", "return /    /"],
  ["f(x) / 2 // y", "f(x) / 2     "],
  ["'never closed\nenum", "'            \nenum"],
  ["/* never closed", "               "],
  ["`never ${closed", "`      ${closed"],
])("maskSource(%j)", (text, masked) => {
  expect(maskSource(text)).toBe(masked)
  expect(maskSource(text)).toHaveLength(text.length)
})
