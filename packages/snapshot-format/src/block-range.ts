import { BLOCK_BYTES, MEMORY_BYTES_MAX } from "./limits.ts"

/** A stretch of guest memory in whole blocks */
export interface BlockRange {
  readonly offsetBytes: number
  readonly lengthBytes: number
}

/** Whether `value` is a whole number of blocks within the largest memory */
export function isBlockMultiple(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= MEMORY_BYTES_MAX && value % BLOCK_BYTES === 0
}

/** Whether both are whole blocks, the length is not zero, and the end lies within `limitBytes` */
export function isBlockRange(range: BlockRange, limitBytes = MEMORY_BYTES_MAX): boolean {
  return (
    isBlockMultiple(range.offsetBytes) &&
    isBlockMultiple(range.lengthBytes) &&
    range.lengthBytes > 0 &&
    range.offsetBytes + range.lengthBytes <= limitBytes
  )
}
