import { describe, expect, test } from "vitest"

import { ListSandboxesQuerySchema, formatListQuery, gatherListQuery } from "./list-sandboxes.ts"

function parse(raw: Record<string, string | string[]>) {
  return ListSandboxesQuerySchema.safeParse(gatherListQuery(raw))
}

describe("gatherListQuery()", () => {
  test("metadata and statuses are gathered", () => {
    const raw = { "metadata.a": "1", "metadata.b.c": "2", status: "running", limit: "5" }
    expect(parse(raw).data).toEqual({ metadata: { a: "1", "b.c": "2" }, status: ["running"], limit: 5 })
    expect(parse({ status: ["running", "paused"] }).data?.status).toEqual(["running", "paused"])
    expect(parse({}).data).toEqual({ metadata: {} })
  })

  test.each([
    [{ metadata: "x" }],
    [{ "metadata.": "x" }],
    [{ "metadata.__proto__": "x" }],
    [{ "metadata.a": ["1", "2"] }],
    [{ status: "nothing" }],
    [{ limit: "1e3" }],
    [{ limit: ["1", "2"] }],
    [{ other: "x" }],
  ])("%o is refused", (raw) => {
    expect(parse(raw).success).toBe(false)
  })
})

describe("formatListQuery()", () => {
  test("is what gatherListQuery reads", () => {
    const filter = {
      status: ["running", "error"],
      template: "base",
      metadata: { "a&b": "ü=" },
      limit: 7,
    } as const
    const raw: Record<string, string | string[]> = {}
    for (const [name, value] of new URLSearchParams(formatListQuery(filter))) {
      const before = raw[name]
      raw[name] = before === undefined ? value : [before, value].flat()
    }
    expect(parse(raw).data).toEqual(filter)
  })
})
