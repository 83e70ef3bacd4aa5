import { crc32 } from "../checksum/crc32.ts"
import { BLOCK_BYTES } from "../limits.ts"
import { SnapshotFormatError } from "../snapshot-format-error.ts"

/**
 * What the files of a snapshot have in common, so that damage is found the same way in each:
 *
 *     0   8  magic
 *     8   4  u32 version
 *     12  4  u32 block size
 *     …      content
 *     -4  4  u32 CRC-32 of all before it
 */
export interface Envelope {
  /** Noun phrase for messages */
  readonly what: string
  /** Eight ASCII characters */
  readonly magic: string
  readonly bytesMax: number
}

/** Where the content of an enveloped file begins */
export const CONTENT_OFFSET = 16

/** The checksum at the end */
export const SEAL_BYTES = 4

const MAGIC_BYTES = 8
const VERSION_END = 12

/** A view of exactly these bytes, little-endian by convention */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * Reads the version of an enveloped file, the one field that every version has in the same place.
 * Raises `too_large`, `truncated` or `bad_magic`.
 */
export function readVersion(bytes: Uint8Array, { what, magic, bytesMax }: Envelope): number {
  if (bytes.length > bytesMax) {
    throw new SnapshotFormatError("too_large", `${what} has ${bytes.length} bytes, at most ${bytesMax}`)
  }
  const found = String.fromCharCode(...bytes.subarray(0, MAGIC_BYTES))
  if (!magic.startsWith(found)) {
    throw new SnapshotFormatError("bad_magic", `${what} begins with ${JSON.stringify(found)}, not "${magic}"`)
  }
  if (bytes.length < VERSION_END) throw truncated(what, bytes.length, VERSION_END)
  return viewOf(bytes).getUint32(MAGIC_BYTES, true)
}

/**
 * Checks that a file is whole and as it was written.
 * Raises `truncated`, `bad_checksum` or `invalid`.
 *
 * @param expectedBytes Length that the file's own counts come to. It is computed before the counts are known to be good: nothing may
 *   be allocated for it.
 */
export function checkSeal(bytes: Uint8Array, what: string, expectedBytes: number): void {
  if (bytes.length < expectedBytes) throw truncated(what, bytes.length, expectedBytes)
  const view = viewOf(bytes)
  const sealOffset = bytes.length - SEAL_BYTES
  const computed = crc32(bytes.subarray(0, sealOffset))
  const stored = view.getUint32(sealOffset, true)
  if (computed !== stored) {
    throw new SnapshotFormatError(
      "bad_checksum",
      `${what} has checksum ${hex(computed)}, expected ${hex(stored)}`,
    )
  }
  if (bytes.length > expectedBytes) {
    throw new SnapshotFormatError(
      "invalid",
      `${what} has ${bytes.length} bytes, its counts come to ${expectedBytes}`,
    )
  }
  const blockBytes = view.getUint32(VERSION_END, true)
  if (blockBytes !== BLOCK_BYTES) {
    throw new SnapshotFormatError(
      "invalid",
      `${what} has blocks of ${blockBytes} bytes, expected ${BLOCK_BYTES}`,
    )
  }
}

/** Writes magic, version and block size at the start of `bytes` */
export function beginEnvelope(bytes: Uint8Array, { magic }: Envelope, version: number): void {
  for (let at = 0; at < MAGIC_BYTES; at++) bytes[at] = magic.charCodeAt(at)
  const view = viewOf(bytes)
  view.setUint32(MAGIC_BYTES, version, true)
  view.setUint32(VERSION_END, BLOCK_BYTES, true)
}

/** Writes the checksum at the end of `bytes` */
export function seal(bytes: Uint8Array): Uint8Array {
  const sealOffset = bytes.length - SEAL_BYTES
  viewOf(bytes).setUint32(sealOffset, crc32(bytes.subarray(0, sealOffset)), true)
  return bytes
}

/** The error of data of a version that this code does not know */
export function unsupportedVersion(what: string, version: number, known: number): SnapshotFormatError {
  return new SnapshotFormatError(
    "unsupported_version",
    `${what} has version ${version}, this program reads ${known}`,
  )
}

/** The error of data that is shorter than it should be */
export function truncated(what: string, bytes: number, expectedBytes: number): SnapshotFormatError {
  return new SnapshotFormatError(
    "truncated",
    `${what} has ${bytes} bytes, expected at least ${expectedBytes}`,
  )
}

function hex(checksum: number): string {
  return checksum.toString(16).padStart(8, "0")
}
