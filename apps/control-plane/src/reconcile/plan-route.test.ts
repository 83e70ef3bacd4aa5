import { SANDBOX_STATUSES, canFollow } from "@thaw/model"
import { expect, test } from "vitest"

import { planRoute } from "./plan-route.ts"

test("a route goes by statuses that may follow each other", () => {
  for (const from of SANDBOX_STATUSES) {
    for (const to of SANDBOX_STATUSES) {
      let before = from
      for (const status of planRoute(from, to)) {
        expect([before, status, canFollow(before, status)]).toEqual([before, status, true])
        before = status
      }
    }
  }
})

test.each([
  ["running", "paused", ["pausing", "paused"]],
  ["paused", "running", ["resuming", "running"]],
  ["pausing", "running", ["running"]],
  ["starting", "resuming", ["running", "pausing", "paused", "resuming"]],
  ["running", "running", []],
  ["running", "stopped", []],
  ["stopping", "running", []],
] as const)("from %s to %s", (from, to, route) => {
  expect(planRoute(from, to)).toEqual(route)
})
