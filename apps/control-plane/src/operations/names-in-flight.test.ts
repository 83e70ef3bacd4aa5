import { expect, test } from "vitest"

import { NamesInFlight } from "./names-in-flight.ts"

test("a name is held by one at a time", () => {
  const names = new NamesInFlight()
  {
    using _held = names.acquire("a")
    expect(() => names.acquire("a")).toThrow('"a" is being made or deleted')
    using _other = names.acquire("b")
  }
  using again = names.acquire("a")
  expect(again).toBeDefined()
})

test("an observer sees who holds, who comes to hold, and who has held since", () => {
  const names = new NamesInFlight()
  using _before = names.acquire("before")
  const observed = names.observe()
  names.acquire("meanwhile")[Symbol.dispose]()
  expect([...observed.names]).toEqual(["before", "meanwhile"])
  observed[Symbol.dispose]()
  using _after = names.acquire("after")
  expect([...observed.names]).toEqual(["before", "meanwhile"])
})
