import { describe, expect, test } from "vitest"

import { isSlotIndex, SLOT_INDEX_MAX, slotAddresses, toSlotIndex } from "./slot-addresses.ts"

describe("slotAddresses()", () => {
  test.each([
    [1, "10.12.0.2", "10.12.0.3", "10.11.0.1"],
    [2, "10.12.0.4", "10.12.0.5", "10.11.0.2"],
    [127, "10.12.0.254", "10.12.0.255", "10.11.0.127"],
    [128, "10.12.1.0", "10.12.1.1", "10.11.0.128"],
    [255, "10.12.1.254", "10.12.1.255", "10.11.0.255"],
    [256, "10.12.2.0", "10.12.2.1", "10.11.1.0"],
    [32_767, "10.12.255.254", "10.12.255.255", "10.11.127.255"],
  ])("slot %i", (slot, hostAddress, peerAddress, hostReachableIp) => {
    expect(slotAddresses(toSlotIndex(slot))).toEqual({
      slot,
      namespace: `ns-${slot}`,
      hostVeth: `veth-${slot}`,
      hostAddress,
      peerAddress,
      hostReachableIp,
      vmmUid: 810_000 + slot,
    })
  })

  test("no two slots share an address, and device names fit the kernel's 15 characters", () => {
    const seen = new Set<string>()
    for (let slot = 1; slot <= SLOT_INDEX_MAX; slot++) {
      const addresses = slotAddresses(toSlotIndex(slot))
      seen.add(addresses.hostAddress).add(addresses.peerAddress).add(addresses.hostReachableIp)
      expect(addresses.hostVeth.length).toBeLessThanOrEqual(15)
    }
    expect(seen.size).toBe(3 * SLOT_INDEX_MAX)
  })
})

describe("toSlotIndex()", () => {
  test.each([0, -1, 32_768, 65_536, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("refuses %d", (value) => {
    expect(isSlotIndex(value)).toBe(false)
    expect(() => toSlotIndex(value)).toThrow(expect.objectContaining({ code: "invalid_argument" }))
  })
})
