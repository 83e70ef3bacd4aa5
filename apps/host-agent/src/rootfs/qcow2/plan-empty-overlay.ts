import {
  BACKING_PATH_BYTES_MAX,
  CLUSTER_BITS,
  CLUSTER_BYTES,
  EXTENSION,
  HEADER_BYTES,
  MAGIC,
  REFCOUNT_ORDER,
  VERSION,
} from "./qcow2-format.ts"

/** Bytes to be at an offset of a file; what is between is a hole */
export interface FilePart {
  readonly offsetBytes: number
  readonly data: Uint8Array
}

export interface OverlayPlan {
  readonly fileBytes: number
  readonly parts: readonly FilePart[]
}

export interface OverlaySpec {
  readonly backingPath: string
  readonly backingFormat: "raw" | "qcow2"
  /** Of the device, a multiple of 512 */
  readonly sizeBytes: number
}

/** An L2 table is one cluster of 8-byte entries, each for one cluster */
const L2_COVERS_BYTES = (CLUSTER_BYTES / 8) * CLUSTER_BYTES
const SIZE_UNIT_BYTES = 512

/** Clusters of the file: header, refcount table, one refcount block, L1 table */
const REFCOUNT_TABLE_CLUSTER = 1
const REFCOUNT_BLOCK_CLUSTER = 2
const L1_TABLE_CLUSTER = 3
const REFCOUNT_BLOCK_ENTRIES = CLUSTER_BYTES / 2

/**
 * Lays out a qcow2 file that holds nothing of its own; docs/interop/qcow2.txt of QEMU 7.2.
 *
 * What `qemu-img create` makes, without starting a program: that takes as long as restoring a VM.
 */
export function planEmptyOverlay(spec: OverlaySpec): OverlayPlan {
  const { sizeBytes } = spec
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0 || sizeBytes % SIZE_UNIT_BYTES !== 0) {
    throw new RangeError(`size of a device must be a positive multiple of 512 bytes, got ${sizeBytes}`)
  }
  const l1Entries = Math.ceil(sizeBytes / L2_COVERS_BYTES)
  const l1Clusters = Math.ceil((l1Entries * 8) / CLUSTER_BYTES)
  const clusters = L1_TABLE_CLUSTER + l1Clusters
  if (clusters > REFCOUNT_BLOCK_ENTRIES) throw new RangeError(`a device of ${sizeBytes} bytes is too large`)

  const refcountTable = Buffer.alloc(8)
  refcountTable.writeBigUInt64BE(BigInt(REFCOUNT_BLOCK_CLUSTER * CLUSTER_BYTES))
  const refcounts = Buffer.alloc(clusters * 2)
  for (let cluster = 0; cluster < clusters; cluster++) refcounts.writeUInt16BE(1, cluster * 2)
  return {
    fileBytes: clusters * CLUSTER_BYTES,
    parts: [
      { offsetBytes: 0, data: encodeHeader(spec, l1Entries) },
      { offsetBytes: REFCOUNT_TABLE_CLUSTER * CLUSTER_BYTES, data: refcountTable },
      { offsetBytes: REFCOUNT_BLOCK_CLUSTER * CLUSTER_BYTES, data: refcounts },
    ],
  }
}

/** Header, the extension that names the backing file's format, the end of extensions, the backing file's name */
function encodeHeader(spec: OverlaySpec, l1Entries: number): Buffer {
  const path = Buffer.from(spec.backingPath)
  if (path.length === 0 || path.length > BACKING_PATH_BYTES_MAX) {
    throw new RangeError(
      `path of a base must have 1 to ${BACKING_PATH_BYTES_MAX} bytes, "${spec.backingPath}" has ${path.length}`,
    )
  }
  const extensions = encodeBackingFormat(spec.backingFormat)
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32BE(MAGIC, 0)
  header.writeUInt32BE(VERSION, 4)
  header.writeBigUInt64BE(BigInt(HEADER_BYTES + extensions.length), 8)
  header.writeUInt32BE(path.length, 16)
  header.writeUInt32BE(CLUSTER_BITS, 20)
  header.writeBigUInt64BE(BigInt(spec.sizeBytes), 24)
  header.writeUInt32BE(l1Entries, 36)
  header.writeBigUInt64BE(BigInt(L1_TABLE_CLUSTER * CLUSTER_BYTES), 40)
  header.writeBigUInt64BE(BigInt(REFCOUNT_TABLE_CLUSTER * CLUSTER_BYTES), 48)
  header.writeUInt32BE(1, 56)
  header.writeUInt32BE(REFCOUNT_ORDER, 96)
  header.writeUInt32BE(HEADER_BYTES, 100)
  return Buffer.concat([header, extensions, path])
}

/** Type and length, data padded to 8 bytes; then type 0 of length 0 */
function encodeBackingFormat(format: string): Buffer {
  const extensions = Buffer.alloc(8 + 8 + 8)
  extensions.writeUInt32BE(EXTENSION.backingFormat, 0)
  extensions.writeUInt32BE(format.length, 4)
  extensions.write(format, 8)
  return extensions
}
