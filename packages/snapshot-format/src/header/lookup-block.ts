import type { BuildId } from "../build-id.ts"
import type { Mapping, MemoryHeader } from "./memory-header.ts"

/** Where memory is stored, and how far this goes on */
export interface BlockLocation {
  /** Undefined: zero memory */
  readonly build: BuildId | undefined
  /** Where it lies in the build's data; 0 for zero memory */
  readonly buildOffsetBytes: number
  /** Bytes from there that follow each other in memory and in storage */
  readonly runBytes: number
}

/** Finds where the memory at `offsetBytes` is stored, in O(log n). Raises RangeError outside of the memory. */
export function lookupBlock(header: MemoryHeader, offsetBytes: number): BlockLocation {
  const { offsetBytes: start, lengthBytes, build, buildOffsetBytes } = findMapping(header, offsetBytes)
  const within = offsetBytes - start
  return {
    build,
    buildOffsetBytes: build === undefined ? 0 : buildOffsetBytes + within,
    runBytes: lengthBytes - within,
  }
}

function findMapping({ mappings, memoryBytes }: MemoryHeader, offsetBytes: number): Mapping {
  let low = 0
  let high = mappings.length - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const mapping = mappings[middle]
    if (mapping === undefined) break
    if (offsetBytes < mapping.offsetBytes) high = middle - 1
    else if (offsetBytes < mapping.offsetBytes + mapping.lengthBytes) return mapping
    else low = middle + 1
  }
  throw new RangeError(`memory offset is ${offsetBytes}, expected 0 to ${memoryBytes - 1}`)
}
