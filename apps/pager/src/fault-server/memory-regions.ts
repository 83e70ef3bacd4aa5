import { z } from "zod"

import type { Interval } from "./interval-set.ts"

/** Part of a VMM's address space that is guest memory */
export interface MemoryRegion {
  /** Where it begins in the VMM */
  readonly address: number
  readonly lengthBytes: number
  /** Where it begins in the guest's memory, as the snapshot's header counts */
  readonly offsetBytes: number
}

export const PAGE_BYTES = 4096
/** User space ends here on x86-64; Documentation/arch/x86/x86_64/mm.rst, Linux 6.1 */
const ADDRESS_MAX = 2 ** 47

const pages = z.number().int().min(0).max(ADDRESS_MAX).multipleOf(PAGE_BYTES)

export const regionSchema = z.object({
  address: pages,
  lengthBytes: pages.min(PAGE_BYTES),
  offsetBytes: pages,
})

/**
 * The memory of one VM as its VMM sees it: turns addresses into offsets and back.
 *
 * A VM has one region, or a few.
 */
export class MemoryRegions {
  readonly all: readonly MemoryRegion[]

  /**
   * @param regions All of them; each within `memoryBytes`, none overlapping another
   * @throws {RangeError} naming the region that does not fit
   */
  constructor(regions: readonly MemoryRegion[], memoryBytes: number) {
    this.all = regions
    for (const { offsetBytes, lengthBytes } of regions) {
      if (offsetBytes + lengthBytes <= memoryBytes) continue
      throw new RangeError(
        `a region of ${lengthBytes} bytes at offset ${offsetBytes} does not fit a memory of ${memoryBytes} bytes`,
      )
    }
    requireApart(regions, "address")
    requireApart(regions, "offsetBytes")
  }

  /** The region an address lies in; undefined outside of all */
  find(address: number): MemoryRegion | undefined {
    return this.all.find(
      (region) => address >= region.address && address < region.address + region.lengthBytes,
    )
  }

  /** The parts of an address range that are guest memory, by memory offset */
  toOffsets({ start, end }: Interval): Interval[] {
    return this.all
      .map(({ address, lengthBytes, offsetBytes }) => ({
        start: offsetBytes + Math.max(start, address) - address,
        end: offsetBytes + Math.min(end, address + lengthBytes) - address,
      }))
      .filter((range) => range.start < range.end)
  }

  /** Where a run of guest memory lies, cut at the end of its region; undefined when the VMM has no such memory */
  locate(offsetBytes: number): { readonly address: number; readonly runBytes: number } | undefined {
    const region = this.all.find(
      (region) => offsetBytes >= region.offsetBytes && offsetBytes < region.offsetBytes + region.lengthBytes,
    )
    if (region === undefined) return undefined
    const within = offsetBytes - region.offsetBytes
    return { address: region.address + within, runBytes: region.lengthBytes - within }
  }
}

function requireApart(regions: readonly MemoryRegion[], key: "address" | "offsetBytes"): void {
  const sorted = regions.toSorted((a, b) => a[key] - b[key])
  for (const [index, region] of sorted.entries()) {
    const next = sorted[index + 1]
    if (next === undefined || region[key] + region.lengthBytes <= next[key]) continue
    throw new RangeError(`two regions overlap at ${key === "address" ? "address" : "offset"} ${next[key]}`)
  }
}
