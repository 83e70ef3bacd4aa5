import { PlatformError } from "@thaw/model"

import type { RootfsBase } from "../rootfs-store.ts"
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

/** Header with the compression type and its padding, which QEMU writes since version 5.1 */
const HEADER_BYTES_MAX = 112
const COMPRESSION_TYPE_OFFSET = 104
/** An overlay has one seal, and one more for each command that was killed */
const SEALS_MAX = 64

/**
 * Makes sure that an overlay is built on `base`, on no other file, and with nothing that Thaw does not use.
 *
 * A VMM can write all of its overlay, its header too. Whoever opens it opens, as root, the files that the header names: another
 * tenant's disk as what it is built on, any file of the host as the place of its data.
 *
 * @param cluster The first of the overlay
 * @throws {PlatformError} `data_loss`
 */
export function checkHeader(cluster: Buffer, base: RootfsBase): void {
  if (cluster.length !== CLUSTER_BYTES) refuse("header", `${cluster.length} bytes`)
  for (const { name, actual, expected } of fixedFields(cluster, base)) {
    if (actual !== expected) refuse(name, String(actual))
  }
  const seals = cluster.readUInt32BE(60)
  if (seals > SEALS_MAX) refuse("number of internal snapshots", String(seals))
  const headerBytes = cluster.readUInt32BE(100)
  if (headerBytes < HEADER_BYTES || headerBytes > HEADER_BYTES_MAX || headerBytes % 8 !== 0) {
    refuse("header length", String(headerBytes))
  }
  const extra = cluster.subarray(COMPRESSION_TYPE_OFFSET, headerBytes)
  if (extra.some((byte) => byte !== 0)) refuse("compression type", extra.toString("hex"))
  const { startBytes, path } = readBackingPath(cluster, headerBytes)
  if (!path.equals(Buffer.from(base.path))) refuse("backing file", path.toString())
  const format = readBackingFormat(cluster.subarray(headerBytes, startBytes))
  if (format !== base.format) refuse("backing format", format ?? "none")
}

interface FixedField {
  readonly name: string
  readonly actual: number | bigint
  readonly expected: number | bigint
}

/** Fields that never differ; no feature bit has a use in an overlay */
function fixedFields(cluster: Buffer, base: RootfsBase): readonly FixedField[] {
  return [
    { name: "magic", actual: cluster.readUInt32BE(0), expected: MAGIC },
    { name: "version", actual: cluster.readUInt32BE(4), expected: VERSION },
    { name: "cluster bits", actual: cluster.readUInt32BE(20), expected: CLUSTER_BITS },
    { name: "size", actual: cluster.readBigUInt64BE(24), expected: BigInt(base.sizeBytes) },
    { name: "encryption", actual: cluster.readUInt32BE(32), expected: 0 },
    { name: "incompatible features", actual: cluster.readBigUInt64BE(72), expected: 0n },
    { name: "compatible features", actual: cluster.readBigUInt64BE(80), expected: 0n },
    { name: "autoclear features", actual: cluster.readBigUInt64BE(88), expected: 0n },
    { name: "refcount order", actual: cluster.readUInt32BE(96), expected: REFCOUNT_ORDER },
  ]
}

function readBackingPath(cluster: Buffer, headerBytes: number): { startBytes: number; path: Buffer } {
  const start = cluster.readBigUInt64BE(8)
  const length = cluster.readUInt32BE(16)
  const isInCluster = start >= headerBytes && start + BigInt(length) <= CLUSTER_BYTES
  if (!isInCluster || length > BACKING_PATH_BYTES_MAX) refuse("backing file's place", `${start}+${length}`)
  const startBytes = Number(start)
  return { startBytes, path: cluster.subarray(startBytes, startBytes + length) }
}

/** Reads extensions as QEMU does: until the end is named or the backing file's name begins, each padded to 8 bytes */
function readBackingFormat(extensions: Buffer): string | undefined {
  let format: string | undefined
  let offset = 0
  while (offset < extensions.length) {
    if (offset + 8 > extensions.length) refuse("header extension", "cut short")
    const type = extensions.readUInt32BE(offset)
    const length = extensions.readUInt32BE(offset + 4)
    if (type === EXTENSION.end) break
    offset += 8
    if (length > extensions.length - offset) refuse("header extension", `${length} bytes`)
    // One that QEMU knows and this does not may name a file.
    if (type !== EXTENSION.backingFormat && type !== EXTENSION.featureNames) {
      refuse("header extension", `0x${type.toString(16)}`)
    }
    if (type === EXTENSION.backingFormat) format = extensions.subarray(offset, offset + length).toString()
    offset += Math.ceil(length / 8) * 8
  }
  return format
}

function refuse(field: string, value: string): never {
  throw new PlatformError("data_loss", "the sandbox's root file system is not the one that was made for it", {
    internal: `qcow2 ${field}: "${value}"`,
  })
}
