import { expect, it } from "vitest"

import { planUpdate } from "./sandbox-set.ts"

it.each([
  [{ timeoutSec: 0 }, { timeout_sec: 0 }],
  [{ onTimeout: "pause" }, { on_timeout: "pause" }],
  [{ metadata: { a: "b" } }, { metadata: { a: "b" } }],
  [{ clearMetadata: true }, { metadata: {} }],
  [
    { timeoutSec: 60, onTimeout: "destroy" },
    { timeout_sec: 60, on_timeout: "destroy" },
  ],
] as const)("planUpdate(%j) is %j", (options, body) => {
  expect(planUpdate(options)).toEqual(body)
})

it("planUpdate() refuses to change nothing", () => {
  expect(() => planUpdate({})).toThrow("nothing to change")
})
