import fc from "fast-check"
import { expect, test } from "vitest"

import { IntervalSet } from "./interval-set.ts"

const LINE = 40

test("marks what was added and nothing else, in intervals that neither touch nor overlap", () => {
  const ranges = fc.array(fc.tuple(fc.integer({ min: 0, max: LINE }), fc.integer({ min: 0, max: LINE })))
  fc.assert(
    fc.property(ranges, (added) => {
      const set = new IntervalSet()
      const marked = Array.from({ length: LINE + 1 }, () => false)
      for (const [start, end] of added) {
        set.add(start, end)
        if (start < end) marked.fill(true, start, end)
      }
      expect(marked.map((_, at) => set.has(at))).toEqual(marked)
      for (const [index, { start, end }] of set.intervals.entries()) {
        expect(start).toBeLessThan(end)
        expect(start).toBeGreaterThan(set.intervals[index - 1]?.end ?? -1)
      }
    }),
  )
})

test("tells how far a byte's state goes on", () => {
  const set = new IntervalSet()
  expect(set.runFrom(7)).toEqual({ isMarked: false, end: Infinity })
  set.add(10, 20)
  set.add(30, 40)
  expect(set.runFrom(0)).toEqual({ isMarked: false, end: 10 })
  expect(set.runFrom(15)).toEqual({ isMarked: true, end: 20 })
  expect(set.runFrom(20)).toEqual({ isMarked: false, end: 30 })
  expect(set.runFrom(40)).toEqual({ isMarked: false, end: Infinity })
  set.add(20, 30)
  expect(set.intervals).toEqual([{ start: 10, end: 40 }])
})
