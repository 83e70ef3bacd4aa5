import { BLOCK_BYTES, type BlockRange } from "@thaw/snapshot-format"

/**
 * Brings ranges of memory in order: ascending, apart, within the memory, and only whole blocks, because a block of which a part was removed keeps
 * the rest.
 */
export function planRemovedRanges(ranges: readonly BlockRange[], memoryBytes: number): BlockRange[] {
  const sorted = ranges
    .map(({ offsetBytes, lengthBytes }) => ({
      start: Math.ceil(Math.max(0, offsetBytes) / BLOCK_BYTES) * BLOCK_BYTES,
      end: Math.floor(Math.min(memoryBytes, offsetBytes + lengthBytes) / BLOCK_BYTES) * BLOCK_BYTES,
    }))
    .filter(({ start, end }) => start < end)
    .sort((a, b) => a.start - b.start)
  const joined: { start: number; end: number }[] = []
  for (const range of sorted) {
    const last = joined.at(-1)
    if (last !== undefined && range.start <= last.end) last.end = Math.max(last.end, range.end)
    else joined.push(range)
  }
  return joined.map(({ start, end }) => ({ offsetBytes: start, lengthBytes: end - start }))
}

/** The parts of `ranges`, which are in order, that lie from `start` up to `end` */
export function clipRanges(ranges: readonly BlockRange[], start: number, end: number): BlockRange[] {
  const clipped: BlockRange[] = []
  for (const { offsetBytes, lengthBytes } of ranges) {
    const from = Math.max(offsetBytes, start)
    const to = Math.min(offsetBytes + lengthBytes, end)
    if (from < to) clipped.push({ offsetBytes: from, lengthBytes: to - from })
  }
  return clipped
}
