import { readVersion, unsupportedVersion, type Envelope } from "../envelope/envelope.ts"
import { HEADER_BYTES_MAX } from "../limits.ts"
import { SnapshotFormatError } from "../snapshot-format-error.ts"
import { HEADER_VERSION_1, decodeHeaderV1, encodeHeaderV1, headerBytesV1 } from "./codec-v1.ts"
import { namedBuilds, type MemoryHeader } from "./memory-header.ts"
import { validateHeader } from "./validate-header.ts"

const ENVELOPE: Envelope = { what: "memory header", magic: "THAWMHDR", bytesMax: HEADER_BYTES_MAX }

/** Encodes a header in the newest version. Raises `invalid` or `too_large`. */
export function encodeHeader(header: MemoryHeader): Uint8Array {
  checkBytes(headerBytesV1(0, header.mappings.length))
  validateHeader(header)
  const builds = namedBuilds(header)
  checkBytes(headerBytesV1(builds.size, header.mappings.length))
  return encodeHeaderV1(header, builds, ENVELOPE)
}

/** Decodes a header of any known version and checks every rule of it. Raises SnapshotFormatError. */
export function decodeHeader(bytes: Uint8Array): MemoryHeader {
  const version = readVersion(bytes, ENVELOPE)
  if (version !== HEADER_VERSION_1) throw unsupportedVersion(ENVELOPE.what, version, HEADER_VERSION_1)
  const header = decodeHeaderV1(bytes, ENVELOPE.what)
  validateHeader(header)
  return header
}

function checkBytes(bytes: number): void {
  if (bytes <= HEADER_BYTES_MAX) return
  throw new SnapshotFormatError(
    "too_large",
    `memory header needs ${bytes} bytes, at most ${HEADER_BYTES_MAX}`,
  )
}
