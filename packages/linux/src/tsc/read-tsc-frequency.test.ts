import { expect, it } from "vitest"

import { readTscKhz } from "./read-tsc-frequency.ts"

it("readTscKhz() measures the same frequency twice", async () => {
  const first = await readTscKhz()
  const second = await readTscKhz()
  expect(first).toBeGreaterThan(500_000)
  expect(first).toBeLessThan(10_000_000)
  expect(Math.abs(first - second) / first).toBeLessThan(0.001)
})
