import { PlatformError } from "@thaw/model"
import { describe, expect, it } from "vitest"

import { HostCapacityLedger } from "./host-capacity.ts"

describe("HostCapacityLedger", () => {
  const capacity = { vcpusMax: 2, memoryMibMax: 1200, sandboxesMax: 2 }

  it("lets in what fits and takes back what is released, once", () => {
    const ledger = new HostCapacityLedger(capacity)
    const first = ledger.reserve(512)
    using _second = ledger.reserve(512)
    expect(ledger.memoryMibUsed).toBe(1152)
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    expect(ledger.memoryMibUsed).toBe(576)
    expect(ledger.sandboxesRunning).toBe(1)
  })

  it("refuses more sandboxes than allowed", () => {
    const ledger = new HostCapacityLedger(capacity)
    using _one = ledger.reserve(128)
    using _two = ledger.reserve(128)
    expect(() => ledger.reserve(128)).toThrow(expect.objectContaining({ code: "capacity_exhausted" }))
  })

  it("refuses more memory than is left and names both figures", () => {
    const ledger = new HostCapacityLedger(capacity)
    using _one = ledger.reserve(1000)
    expect(() => ledger.reserve(128)).toThrow(PlatformError)
    expect(() => ledger.reserve(128)).toThrow("the host has 136 MiB of memory left, 192 MiB are needed")
  })
})
