import type { BuildId } from "../build-id.ts"
import { BLOCK_BYTES } from "../limits.ts"
import type { MemoryHeader } from "./memory-header.ts"

/**
 * A header laid out for many lookups, such as one per page fault: 12 bytes a mapping, and a lookup allocates nothing.
 * A lookup gives the mapping's index, from which the other methods answer.
 */
export class HeaderIndex {
  readonly memoryBytes: number
  /** Builds in order of appearance; what `buildNumber` counts in */
  readonly builds: readonly BuildId[]
  /** First block of each mapping, and at the end the number of blocks in memory */
  readonly #starts: Uint32Array
  readonly #buildNumbers: Int32Array
  readonly #buildBlocks: Uint32Array

  constructor({ memoryBytes, mappings }: MemoryHeader) {
    this.memoryBytes = memoryBytes
    this.#starts = new Uint32Array(mappings.length + 1)
    this.#buildNumbers = new Int32Array(mappings.length)
    this.#buildBlocks = new Uint32Array(mappings.length)
    const numbers = new Map<BuildId, number>()
    for (const [index, { offsetBytes, build, buildOffsetBytes }] of mappings.entries()) {
      this.#starts[index] = offsetBytes / BLOCK_BYTES
      this.#buildBlocks[index] = buildOffsetBytes / BLOCK_BYTES
      if (build !== undefined && !numbers.has(build)) numbers.set(build, numbers.size)
      this.#buildNumbers[index] = build === undefined ? -1 : (numbers.get(build) ?? -1)
    }
    this.#starts[mappings.length] = memoryBytes / BLOCK_BYTES
    this.builds = [...numbers.keys()]
  }

  /** Number of mappings */
  get length(): number {
    return this.#buildNumbers.length
  }

  /** Index of the mapping that holds the memory at `offsetBytes`, in O(log n). Raises RangeError outside of the memory. */
  find(offsetBytes: number): number {
    if (!(offsetBytes >= 0 && offsetBytes < this.memoryBytes)) {
      throw new RangeError(`memory offset is ${offsetBytes}, expected 0 to ${this.memoryBytes - 1}`)
    }
    const block = Math.floor(offsetBytes / BLOCK_BYTES)
    let low = 0
    let high = this.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.#starts[middle] as number) <= block) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Where the mapping begins in memory */
  startBytes(index: number): number {
    return (this.#starts[index] as number) * BLOCK_BYTES
  }

  /** Where the mapping ends in memory */
  endBytes(index: number): number {
    return (this.#starts[index + 1] as number) * BLOCK_BYTES
  }

  /** Place in `builds` of the build that stores the mapping; -1 for zero memory */
  buildNumber(index: number): number {
    return this.#buildNumbers[index] as number
  }

  /** Where the memory at `offsetBytes`, which lies in the mapping, is in its build's data; of no meaning for zero memory */
  buildOffsetBytes(index: number, offsetBytes: number): number {
    return (this.#buildBlocks[index] as number) * BLOCK_BYTES + offsetBytes - this.startBytes(index)
  }
}
