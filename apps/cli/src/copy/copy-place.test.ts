import { describe, expect, it } from "vitest"

import { parseCopyPlace, planCopy } from "./copy-place.ts"

const ID = "sbxaaaaaaaaaaaaaaaaa"

describe("parseCopyPlace()", () => {
  it.each([
    [`${ID}:/etc/hosts`, { kind: "sandbox", id: ID, path: "/etc/hosts" }],
    [`${ID}:a:b`, { kind: "sandbox", id: ID, path: "a:b" }],
    [`${ID}:`, { kind: "sandbox", id: ID, path: "." }],
    [`./${ID}:x`, { kind: "local", path: `./${ID}:x` }],
    ["C:x", { kind: "local", path: "C:x" }],
    ["/tmp/x", { kind: "local", path: "/tmp/x" }],
    ["-", { kind: "stream" }],
  ])("reads %s", (text, place) => {
    expect(parseCopyPlace(text)).toEqual(place)
  })
})

describe("planCopy()", () => {
  it("tells the direction from which end is in a sandbox", () => {
    expect(planCopy("a", `${ID}:b`)).toEqual({
      direction: "upload",
      from: { kind: "local", path: "a" },
      id: ID,
      to: "b",
    })
    expect(planCopy(`${ID}:b`, "-")).toEqual({
      direction: "download",
      id: ID,
      from: "b",
      to: { kind: "stream" },
    })
  })

  it("needs exactly one end in a sandbox", () => {
    expect(() => planCopy("a", "b")).toThrow("none of")
    expect(() => planCopy(`${ID}:a`, `${ID}:b`)).toThrow("both of")
  })
})
