import { expect, it } from "vitest"

import { countFailures, planRestartDelayMs } from "./restart-delay.ts"

it("waits longer after each early end, up to 30 s", () => {
  expect([1, 2, 3, 4, 5, 6, 7, 100].map(planRestartDelayMs)).toEqual([
    1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000,
  ])
})

it("forgets earlier failures of a process that ran for a minute", () => {
  expect(countFailures(4, 59_999)).toBe(5)
  expect(countFailures(4, 60_000)).toBe(1)
  expect(countFailures(0, 10)).toBe(1)
})
