import { expect, it } from "vitest"

import { buildUuid, formatBuildId, isBuildId } from "./build-id.ts"

const ZEROES = new Uint8Array(7)

it("formatBuildId() makes ids that sort by time", () => {
  const ids = [0, 1, 31, 32, 1_700_000_000_000, 1_700_000_000_001].map((ms) =>
    formatBuildId(new Date(ms), ZEROES),
  )
  expect(ids.toSorted()).toEqual(ids)
  expect(ids.every(isBuildId)).toBe(true)
  expect(ids[1]).toBe("0000000010000000")
})

it("formatBuildId() needs enough random bytes", () => {
  expect(() => formatBuildId(new Date(0), new Uint8Array(6))).toThrow(RangeError)
})

it.each(["", "current", "..", "0000000010000000x", "000000001000000u"])("isBuildId() refuses %j", (text) => {
  expect(isBuildId(text)).toBe(false)
})

it("buildUuid() follows from the build and the purpose", () => {
  expect(buildUuid("0000000010000000", "rootfs")).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  )
  expect(buildUuid("0000000010000000", "rootfs")).not.toBe(buildUuid("0000000010000000", "hash"))
})
