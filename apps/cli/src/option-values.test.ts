import { describe, expect, it } from "vitest"

import { collectPair, collectValue, givenOnly, portNumber, wholeNumber } from "./option-values.ts"

describe("wholeNumber()", () => {
  it.each(["0", "11", "-1", "1.5", "1e1", "", " 5", "abc", "0x5"])("refuses %j", (text) => {
    expect(() => wholeNumber(1, 10)(text)).toThrow("whole number from 1 to 10")
  })

  it("reads numbers of its range", () => {
    expect(wholeNumber(1, 10)("10")).toBe(10)
    expect(portNumber("65535")).toBe(65_535)
    expect(() => portNumber("65536")).toThrow("65535")
  })
})

describe("collectPair()", () => {
  it("gathers pairs; the value may hold anything", () => {
    expect(collectPair("a=b=c", { x: "y" })).toEqual({ x: "y", a: "b=c" })
    expect(collectPair("a=")).toEqual({ a: "" })
  })

  it.each(["a", "=b", ""])("refuses %j", (text) => {
    expect(() => collectPair(text)).toThrow("key=value")
  })
})

it("collectValue() gathers values", () => {
  expect(collectValue("b", collectValue("a"))).toEqual(["a", "b"])
})

it("givenOnly() leaves out what is undefined and nothing else", () => {
  expect(givenOnly({ a: undefined, b: 0, c: "", d: false })).toEqual({ b: 0, c: "", d: false })
})
