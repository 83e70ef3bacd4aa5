// CRC-32 of ISO-HDLC (zlib, PNG, Ethernet): polynomial 0x04c11db7, bits reflected
const POLYNOMIAL_REFLECTED = 0xedb88320
const SLICES = 8

/** `SLICES` tables of 256: the remainder of a byte that has 0 to 7 bytes after it */
const TABLES = makeTables()

/**
 * The CRC-32 of `bytes`, the same as `crc32` of node:zlib: eight bytes a step.
 *
 * @param seed CRC-32 of the bytes before, to go on from
 */
export function crc32(bytes: Uint8Array, seed = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const slicedEnd = bytes.byteLength - (bytes.byteLength % SLICES)
  let crc = ~seed
  let at = 0
  for (; at < slicedEnd; at += SLICES) {
    const low = view.getInt32(at, true) ^ crc
    const high = view.getInt32(at + 4, true)
    crc =
      remainder(7, low) ^
      remainder(6, low >>> 8) ^
      remainder(5, low >>> 16) ^
      remainder(4, low >>> 24) ^
      remainder(3, high) ^
      remainder(2, high >>> 8) ^
      remainder(1, high >>> 16) ^
      remainder(0, high >>> 24)
  }
  for (; at < bytes.byteLength; at++) crc = (crc >>> 8) ^ remainder(0, crc ^ view.getUint8(at))
  return ~crc >>> 0
}

function remainder(slice: number, value: number): number {
  return TABLES[(slice << 8) | (value & 0xff)] as number
}

function makeTables(): Int32Array {
  const tables = new Int32Array(SLICES * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL_REFLECTED : crc >>> 1
    tables[byte] = crc
  }
  for (let at = 256; at < tables.length; at++) {
    const before = tables[at - 256] as number
    tables[at] = (before >>> 8) ^ (tables[before & 0xff] as number)
  }
  return tables
}
