import { BUILD_ID_BYTES, readBuildId, writeBuildId, type BuildId } from "../build-id.ts"
import {
  CONTENT_OFFSET,
  SEAL_BYTES,
  beginEnvelope,
  checkSeal,
  seal,
  truncated,
  viewOf,
} from "../envelope/envelope.ts"
import type { Envelope } from "../envelope/envelope.ts"
import { readU64, writeU64 } from "../envelope/read-u64.ts"
import { BLOCK_BYTES } from "../limits.ts"
import { SnapshotFormatError } from "../snapshot-format-error.ts"
import type { Mapping, MemoryHeader } from "./memory-header.ts"
import { checkMemoryBytes } from "./validate-header.ts"

/**
 * After magic, version and block size, little-endian:
 *
 *     16  8  u64 memory size in bytes
 *     24  4  u32 generation
 *     28  4  u32 number of builds, B
 *     32  4  u32 number of mappings, M
 *     36 16  build id
 *     52 16  base build id
 *     68     B × 16: build ids, in the order in which the mappings first name them
 *     …      M × 12: u32 length in blocks, u32 build (0: zero memory, n: the nth of the table), u32 offset in the build in blocks
 *     -4  4  u32 CRC-32 of all before it
 *
 * A mapping begins where the one before it ends, so there is no way to write a gap or an overlap.
 */
export const HEADER_VERSION_1 = 1

const MEMORY_OFFSET = CONTENT_OFFSET
const GENERATION_OFFSET = 24
const BUILD_COUNT_OFFSET = 28
const MAPPING_COUNT_OFFSET = 32
const BUILD_ID_OFFSET = 36
const BASE_BUILD_ID_OFFSET = 52
const FIXED_BYTES = 68
const MAPPING_BYTES = 12

/** Length of the file with these counts */
export function headerBytesV1(buildCount: number, mappingCount: number): number {
  return FIXED_BYTES + buildCount * BUILD_ID_BYTES + mappingCount * MAPPING_BYTES + SEAL_BYTES
}

/** Encodes a valid header, whose builds in order of appearance are `builds` */
export function encodeHeaderV1(
  header: MemoryHeader,
  builds: ReadonlySet<BuildId>,
  envelope: Envelope,
): Uint8Array {
  const bytes = new Uint8Array(headerBytesV1(builds.size, header.mappings.length))
  const view = viewOf(bytes)
  beginEnvelope(bytes, envelope, HEADER_VERSION_1)
  writeU64(view, MEMORY_OFFSET, header.memoryBytes)
  view.setUint32(GENERATION_OFFSET, header.generation, true)
  view.setUint32(BUILD_COUNT_OFFSET, builds.size, true)
  view.setUint32(MAPPING_COUNT_OFFSET, header.mappings.length, true)
  writeBuildId(bytes, BUILD_ID_OFFSET, header.buildId)
  writeBuildId(bytes, BASE_BUILD_ID_OFFSET, header.baseBuildId)
  let at = FIXED_BYTES
  const numbers = new Map<BuildId | undefined, number>([[undefined, 0]])
  for (const build of builds) {
    numbers.set(build, numbers.size)
    writeBuildId(bytes, at, build)
    at += BUILD_ID_BYTES
  }
  for (const { lengthBytes, build, buildOffsetBytes } of header.mappings) {
    view.setUint32(at, lengthBytes / BLOCK_BYTES, true)
    view.setUint32(at + 4, numbers.get(build) ?? 0, true)
    view.setUint32(at + 8, buildOffsetBytes / BLOCK_BYTES, true)
    at += MAPPING_BYTES
  }
  return seal(bytes)
}

/** Decodes a header whose magic and version are known to be right; its content is still to be validated */
export function decodeHeaderV1(bytes: Uint8Array, what: string): MemoryHeader {
  if (bytes.length < headerBytesV1(0, 0)) throw truncated(what, bytes.length, headerBytesV1(0, 0))
  const view = viewOf(bytes)
  const buildCount = view.getUint32(BUILD_COUNT_OFFSET, true)
  const mappingCount = view.getUint32(MAPPING_COUNT_OFFSET, true)
  checkSeal(bytes, what, headerBytesV1(buildCount, mappingCount))
  const memoryBytes = readU64(view, MEMORY_OFFSET)
  checkMemoryBytes(memoryBytes)
  if (buildCount > mappingCount || mappingCount > memoryBytes / BLOCK_BYTES) {
    throw invalid(
      `header has ${mappingCount} mappings of ${buildCount} builds for a memory of ${memoryBytes} bytes`,
    )
  }
  const builds = readBuildTable(bytes, buildCount)
  return {
    memoryBytes,
    generation: view.getUint32(GENERATION_OFFSET, true),
    buildId: readBuildId(bytes, BUILD_ID_OFFSET),
    baseBuildId: readBuildId(bytes, BASE_BUILD_ID_OFFSET),
    mappings: readMappings(view, FIXED_BYTES + buildCount * BUILD_ID_BYTES, { mappingCount, builds }),
  }
}

function readBuildTable(bytes: Uint8Array, buildCount: number): BuildId[] {
  const builds: BuildId[] = []
  for (let at = FIXED_BYTES; builds.length < buildCount; at += BUILD_ID_BYTES)
    builds.push(readBuildId(bytes, at))
  if (new Set(builds).size !== buildCount) throw invalid("header lists a build twice")
  return builds
}

function readMappings(
  view: DataView,
  start: number,
  { mappingCount, builds }: { mappingCount: number; builds: readonly BuildId[] },
): Mapping[] {
  const mappings: Mapping[] = []
  let offsetBytes = 0
  let at = start
  let namedCount = 0
  for (let index = 0; index < mappingCount; index++, at += MAPPING_BYTES) {
    const lengthBytes = view.getUint32(at, true) * BLOCK_BYTES
    const number = view.getUint32(at + 4, true)
    if (number > namedCount + 1 || number > builds.length) {
      throw invalid(`header names build ${number} of its table where ${namedCount + 1} is next`)
    }
    namedCount = Math.max(namedCount, number)
    const build = number === 0 ? undefined : builds[number - 1]
    mappings.push({
      offsetBytes,
      lengthBytes,
      build,
      buildOffsetBytes: view.getUint32(at + 8, true) * BLOCK_BYTES,
    })
    offsetBytes += lengthBytes
  }
  if (namedCount !== builds.length) {
    throw invalid(`header lists ${builds.length} builds and names ${namedCount} of them`)
  }
  return mappings
}

function invalid(message: string): SnapshotFormatError {
  return new SnapshotFormatError("invalid", message)
}
