import { BUILD_ID_BYTES, readBuildId, writeBuildId, type BuildId } from "../build-id.ts"
import { crc32 } from "../checksum/crc32.ts"
import {
  CONTENT_OFFSET,
  beginEnvelope,
  checkSeal,
  readVersion,
  seal,
  truncated,
  unsupportedVersion,
  viewOf,
} from "../envelope/envelope.ts"
import type { Envelope } from "../envelope/envelope.ts"
import { readU64, writeU64 } from "../envelope/read-u64.ts"
import { BLOCK_BYTES, MEMORY_BYTES_MAX } from "../limits.ts"
import { SnapshotFormatError } from "../snapshot-format-error.ts"

/** The last bytes of a build file */
export const BUILD_FOOTER_BYTES = 64

const ENVELOPE: Envelope = { what: "build footer", magic: "THAWBILD", bytesMax: BUILD_FOOTER_BYTES }
const VERSION = 1
const BUILD_ID_OFFSET = 24
const TABLE_CHECKSUM_OFFSET = BUILD_ID_OFFSET + BUILD_ID_BYTES
const RESERVED_OFFSET = 44
const RESERVED_END = 60
const CHECKSUM_BYTES = 4

/**
 * What the end of a build file says about the file:
 *
 *     0   blocks, back to back
 *     …   one u32 CRC-32 per block
 *     -64 footer: magic, version, block size, u64 number of blocks, build id, u32 CRC-32 of the table, 16 zero bytes, u32 CRC-32 of
 *         the footer before it
 */
export interface BuildFooter {
  readonly buildId: BuildId
  readonly blockCount: number
  readonly tableChecksum: number
  /** Table and footer, which follow the data */
  readonly trailerBytes: number
  /** The blocks, from the file's beginning; where the trailer begins */
  readonly dataBytes: number
  readonly fileBytes: number
}

/** The checksums of a build's blocks, in their order */
export interface BuildTrailer {
  readonly buildId: BuildId
  readonly checksums: Uint32Array
}

/** Encodes what follows the blocks of a build: their checksums and the footer. Raises `too_large`. */
export function encodeBuildTrailer({ buildId, checksums }: BuildTrailer): Uint8Array {
  checkBlockCount(checksums.length)
  const tableBytes = checksums.length * CHECKSUM_BYTES
  const bytes = new Uint8Array(tableBytes + BUILD_FOOTER_BYTES)
  const tableView = viewOf(bytes)
  for (const [index, checksum] of checksums.entries())
    tableView.setUint32(index * CHECKSUM_BYTES, checksum, true)
  const footer = bytes.subarray(tableBytes)
  const view = viewOf(footer)
  beginEnvelope(footer, ENVELOPE, VERSION)
  writeU64(view, CONTENT_OFFSET, checksums.length)
  writeBuildId(footer, BUILD_ID_OFFSET, buildId)
  view.setUint32(TABLE_CHECKSUM_OFFSET, crc32(bytes.subarray(0, tableBytes)), true)
  seal(footer)
  return bytes
}

/**
 * Decodes the last 64 bytes of a build file. Raises SnapshotFormatError.
 *
 * @param actualFileBytes Size of the file, which must be what the footer says; checked when given
 */
export function decodeBuildFooter(bytes: Uint8Array, actualFileBytes?: number): BuildFooter {
  if (bytes.length < BUILD_FOOTER_BYTES) throw truncated(ENVELOPE.what, bytes.length, BUILD_FOOTER_BYTES)
  const version = readVersion(bytes, ENVELOPE)
  if (version !== VERSION) throw unsupportedVersion(ENVELOPE.what, version, VERSION)
  checkSeal(bytes, ENVELOPE.what, BUILD_FOOTER_BYTES)
  const view = viewOf(bytes)
  const blockCount = readU64(view, CONTENT_OFFSET)
  checkBlockCount(blockCount)
  if (bytes.subarray(RESERVED_OFFSET, RESERVED_END).some((byte) => byte !== 0)) {
    throw new SnapshotFormatError("invalid", "build footer has reserved bytes that are not zero")
  }
  const dataBytes = blockCount * BLOCK_BYTES
  const trailerBytes = blockCount * CHECKSUM_BYTES + BUILD_FOOTER_BYTES
  const fileBytes = dataBytes + trailerBytes
  checkFileBytes(fileBytes, actualFileBytes ?? fileBytes)
  return {
    buildId: readBuildId(bytes, BUILD_ID_OFFSET),
    blockCount,
    tableChecksum: view.getUint32(TABLE_CHECKSUM_OFFSET, true),
    trailerBytes,
    dataBytes,
    fileBytes,
  }
}

/** Decodes table and footer, the last `trailerBytes` of a build file. Raises SnapshotFormatError. */
export function decodeBuildTrailer(bytes: Uint8Array): BuildTrailer {
  const tableBytes = Math.max(0, bytes.length - BUILD_FOOTER_BYTES)
  const footer = decodeBuildFooter(bytes.subarray(tableBytes))
  if (bytes.length < footer.trailerBytes) throw truncated("build trailer", bytes.length, footer.trailerBytes)
  if (bytes.length > footer.trailerBytes) {
    throw new SnapshotFormatError(
      "invalid",
      `build trailer has ${bytes.length} bytes, expected ${footer.trailerBytes}`,
    )
  }
  const table = bytes.subarray(0, tableBytes)
  if (crc32(table) !== footer.tableChecksum) {
    throw new SnapshotFormatError("bad_checksum", `checksum table of build ${footer.buildId} is damaged`)
  }
  const view = viewOf(table)
  const checksums = new Uint32Array(footer.blockCount)
  for (let index = 0; index < checksums.length; index++) {
    checksums[index] = view.getUint32(index * CHECKSUM_BYTES, true)
  }
  return { buildId: footer.buildId, checksums }
}

function checkBlockCount(blockCount: number): void {
  const blocksMax = MEMORY_BYTES_MAX / BLOCK_BYTES
  if (blockCount > blocksMax) {
    throw new SnapshotFormatError("too_large", `build has ${blockCount} blocks, at most ${blocksMax}`)
  }
}

function checkFileBytes(fileBytes: number, actualFileBytes: number): void {
  if (actualFileBytes < fileBytes) throw truncated("build file", actualFileBytes, fileBytes)
  if (actualFileBytes > fileBytes) {
    throw new SnapshotFormatError(
      "invalid",
      `build file has ${actualFileBytes} bytes, its footer says ${fileBytes}`,
    )
  }
}
