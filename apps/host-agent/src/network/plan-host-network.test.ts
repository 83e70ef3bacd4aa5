import { expect, test } from "vitest"

import { DENIED_DESTINATIONS } from "./denied-destinations.ts"
import { parseDataDirId, planHostNetwork } from "./plan-host-network.ts"

test("planHostNetwork() replaces its own table in one transaction and names no other", () => {
  const { table, ruleset } = planHostNetwork("ab12cd34")
  expect(table).toBe("thaw-ab12cd34")
  expect(ruleset).toMatch(
    /^table inet thaw-ab12cd34\ndelete table inet thaw-ab12cd34\ntable inet thaw-ab12cd34 \{/,
  )
  expect(ruleset.match(/table /g)).toHaveLength(3)
})

test("planHostNetwork() matches devices of slots only, so the rest of the host's traffic passes untouched", () => {
  const verdicts = planHostNetwork("ab12")
    .ruleset.split("\n")
    .filter((line) => /\b(drop|accept|masquerade|set)\b/.test(line) && !/policy|set denied/.test(line))
  expect(verdicts.length).toBeGreaterThan(8)
  for (const line of verdicts) expect(line).toMatch(/[io]ifgroup 1952997751/)
})

test.each(["", "abc", "UPPER", "a b c d", "semi;colon", "a".repeat(33)])(
  "parseDataDirId() refuses %j",
  (text) => {
    expect(() => parseDataDirId(text)).toThrow(expect.objectContaining({ code: "invalid_argument" }))
  },
)

test.each([
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "168.63.129.16",
])("%s is denied", (range) => {
  expect(DENIED_DESTINATIONS).toContain(range)
})
