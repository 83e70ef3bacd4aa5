import { expect, it } from "vitest"

import { PinSet } from "./pin-set.ts"

it("counts pins, and a pin that is disposed twice goes once", async () => {
  const pins = new PinSet()
  const first = pins.pin("a")
  const second = pins.pin("a")
  let isFree = false
  const free = pins.whenFree("a").then(() => (isFree = true))
  first[Symbol.dispose]()
  first[Symbol.dispose]()
  await Promise.resolve()
  expect(isFree).toBe(false)
  second[Symbol.dispose]()
  await free
  expect(isFree).toBe(true)
  await pins.whenFree("a")
})

it("a window has what was pinned when it opened and what has been since, also for a moment", () => {
  const pins = new PinSet()
  pins.pin("gone")[Symbol.dispose]()
  const before = pins.pin("before")
  const window = pins.watch()
  before[Symbol.dispose]()
  pins.pin("during")[Symbol.dispose]()
  expect([...window.seen].sort()).toEqual(["before", "during"])
  window[Symbol.dispose]()
  pins.pin("after")[Symbol.dispose]()
  expect(window.seen.has("after")).toBe(false)
})
