import { SnapshotFormatError } from "../snapshot-format-error.ts"

/** Reads an unsigned 64-bit number. Raises `too_large` when a number of JavaScript cannot hold it. */
export function readU64(view: DataView, offset: number): number {
  const value = view.getUint32(offset + 4, true) * 2 ** 32 + view.getUint32(offset, true)
  if (Number.isSafeInteger(value)) return value
  throw new SnapshotFormatError("too_large", `number at offset ${offset} is above ${Number.MAX_SAFE_INTEGER}`)
}

/** Writes an unsigned 64-bit number; `value` is a safe integer */
export function writeU64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % 2 ** 32, true)
  view.setUint32(offset + 4, Math.floor(value / 2 ** 32), true)
}
