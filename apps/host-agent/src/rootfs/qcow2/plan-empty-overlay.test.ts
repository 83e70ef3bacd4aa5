import { describe, expect, it } from "vitest"

import { planEmptyOverlay } from "./plan-empty-overlay.ts"

const GIB = 2 ** 30
const spec = { backingPath: "/templates/base/rootfs.ext4", backingFormat: "raw", sizeBytes: 2 * GIB } as const

describe("planEmptyOverlay()", () => {
  it("lays out header, refcounts and an L1 table of zeros", () => {
    const { fileBytes, parts } = planEmptyOverlay(spec)
    expect(fileBytes).toBe(4 * 65_536)
    expect(parts.map(({ offsetBytes }) => offsetBytes)).toEqual([0, 65_536, 131_072])
    const header = Buffer.from(parts[0]?.data ?? [])
    expect(header.toString("latin1", 0, 3)).toBe("QFI")
    expect(header.readBigUInt64BE(24)).toBe(BigInt(2 * GIB))
    expect(header.readUInt32BE(36)).toBe(4)
    const nameAt = Number(header.readBigUInt64BE(8))
    expect(header.subarray(nameAt, nameAt + header.readUInt32BE(16)).toString()).toBe(spec.backingPath)
    expect(Buffer.from(parts[2]?.data ?? []).toString("hex")).toBe("0001".repeat(4))
  })

  it("counts a device that is no multiple of an L2 table's reach in full", () => {
    const { parts } = planEmptyOverlay({ ...spec, sizeBytes: GIB / 2 + 512 })
    expect(Buffer.from(parts[0]?.data ?? []).readUInt32BE(36)).toBe(2)
  })

  it.each([0, -512, 511, 1.5, 2 ** 60])("refuses a size of %d bytes", (sizeBytes) => {
    expect(() => planEmptyOverlay({ ...spec, sizeBytes })).toThrow(RangeError)
  })

  it.each(["", `/${"x".repeat(1023)}`])("refuses a backing path that QEMU would not read", (backingPath) => {
    expect(() => planEmptyOverlay({ ...spec, backingPath })).toThrow(RangeError)
  })
})
