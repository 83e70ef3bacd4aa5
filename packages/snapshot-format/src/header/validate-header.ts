import { isBlockMultiple, isBlockRange } from "../block-range.ts"
import { isBuildId } from "../build-id.ts"
import { MEMORY_BYTES_MAX } from "../limits.ts"
import { SnapshotFormatError } from "../snapshot-format-error.ts"
import type { Mapping, MemoryHeader } from "./memory-header.ts"

const GENERATION_MAX = 2 ** 32 - 1

/** Checks every rule of a header. Raises `invalid` or `too_large`. */
export function validateHeader(header: MemoryHeader): void {
  checkMemoryBytes(header.memoryBytes)
  const { generation } = header
  if (!Number.isInteger(generation) || generation < 0 || generation > GENERATION_MAX) {
    throw invalid(`header has generation ${generation}, expected 0 to ${GENERATION_MAX}`)
  }
  for (const build of [header.buildId, header.baseBuildId]) {
    if (!isBuildId(build)) throw invalid(`header names ${JSON.stringify(build)}, which is not a build id`)
  }
  const end = checkMappings(header)
  if (end !== header.memoryBytes) {
    throw invalid(`header maps ${end} bytes of a memory of ${header.memoryBytes}`)
  }
}

/** Checks the size of a guest memory. Raises `invalid` or `too_large`. */
export function checkMemoryBytes(memoryBytes: number): void {
  if (memoryBytes > MEMORY_BYTES_MAX) {
    throw new SnapshotFormatError("too_large", `memory has ${memoryBytes} bytes, at most ${MEMORY_BYTES_MAX}`)
  }
  if (memoryBytes === 0 || !isBlockMultiple(memoryBytes)) {
    throw invalid(`memory has ${memoryBytes} bytes, expected one or more whole blocks`)
  }
}

/** Checks that the mappings follow each other without a gap, and returns where the last one ends */
function checkMappings({ mappings, memoryBytes }: MemoryHeader): number {
  let end = 0
  let known: string | undefined
  for (const mapping of mappings) {
    if (mapping.offsetBytes !== end) {
      throw invalid(`header maps offset ${mapping.offsetBytes} where ${end} is next`)
    }
    if (!isBlockRange(mapping, memoryBytes)) {
      throw invalid(`header maps ${mapping.lengthBytes} bytes at ${end} of a memory of ${memoryBytes}`)
    }
    checkStorage(mapping, known)
    known = mapping.build ?? known
    end += mapping.lengthBytes
  }
  return end
}

function checkStorage({ build, buildOffsetBytes, offsetBytes, lengthBytes }: Mapping, known?: string): void {
  if (build === undefined) {
    if (buildOffsetBytes !== 0) throw invalid(`header stores zero memory at ${offsetBytes} in a build`)
    return
  }
  if (build !== known && !isBuildId(build)) {
    throw invalid(`header names ${JSON.stringify(build)}, which is not a build id`)
  }
  if (!isBlockRange({ offsetBytes: buildOffsetBytes, lengthBytes })) {
    throw invalid(`header stores memory at ${offsetBytes} at ${buildOffsetBytes} of build ${build}`)
  }
}

function invalid(message: string): SnapshotFormatError {
  return new SnapshotFormatError("invalid", message)
}
