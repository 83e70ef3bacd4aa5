import { expect, test } from "vitest"

import { LatencyHistogram } from "./latency-histogram.ts"

test("has no percentile without durations", () => {
  expect(new LatencyHistogram().percentileUs(0.5)).toBe(0)
})

test("knows percentiles within 10 %", () => {
  const histogram = new LatencyHistogram()
  for (let us = 1; us <= 1000; us++) histogram.add(us)
  for (const share of [0.1, 0.5, 0.99]) {
    const ratio = histogram.percentileUs(share) / (share * 1000)
    expect(ratio).toBeGreaterThanOrEqual(1)
    expect(ratio).toBeLessThan(1.1)
  }
})

test("counts what is longer than all its buckets in the last", () => {
  const histogram = new LatencyHistogram()
  histogram.add(1e12)
  expect(histogram.percentileUs(0.99)).toBe(2 ** 24)
})
