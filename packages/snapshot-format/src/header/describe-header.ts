import type { BuildId } from "../build-id.ts"
import { BLOCK_BYTES } from "../limits.ts"
import type { Mapping, MemoryHeader } from "./memory-header.ts"

/** What a header needs of one build */
export interface BuildUse {
  readonly build: BuildId
  readonly bytes: number
  readonly mappings: number
}

/** A header in numbers */
export interface HeaderDescription {
  readonly buildId: BuildId
  readonly baseBuildId: BuildId
  readonly generation: number
  readonly memoryBytes: number
  readonly mappingCount: number
  /** Most bytes first */
  readonly builds: readonly BuildUse[]
  readonly zeroBytes: number
  readonly zeroMappings: number
  readonly firstMappings: readonly Mapping[]
}

const MAPPINGS_SHOWN_DEFAULT = 16

/**
 * Sums up a header.
 *
 * @param mappingsMax Number of `firstMappings`, 16 by default
 */
export function describeHeader(
  header: MemoryHeader,
  mappingsMax = MAPPINGS_SHOWN_DEFAULT,
): HeaderDescription {
  const uses = new Map<BuildId | undefined, { bytes: number; mappings: number }>()
  for (const { build, lengthBytes } of header.mappings) {
    const use = uses.get(build) ?? { bytes: 0, mappings: 0 }
    uses.set(build, { bytes: use.bytes + lengthBytes, mappings: use.mappings + 1 })
  }
  const zero = uses.get(undefined)
  return {
    buildId: header.buildId,
    baseBuildId: header.baseBuildId,
    generation: header.generation,
    memoryBytes: header.memoryBytes,
    mappingCount: header.mappings.length,
    builds: Array.from(uses)
      .flatMap(([build, use]) => (build === undefined ? [] : [{ build, ...use }]))
      .sort((a, b) => b.bytes - a.bytes || (a.build < b.build ? -1 : 1)),
    zeroBytes: zero?.bytes ?? 0,
    zeroMappings: zero?.mappings ?? 0,
    firstMappings: header.mappings.slice(0, mappingsMax),
  }
}

/** Prints a header for a person to read, lines ended by a line feed */
export function formatHeader(header: MemoryHeader, mappingsMax?: number): string {
  const description = describeHeader(header, mappingsMax)
  const { memoryBytes, firstMappings, mappingCount } = description
  const lines = [
    `build       ${description.buildId}`,
    `base build  ${description.baseBuildId}`,
    `generation  ${description.generation}`,
    `memory      ${formatBytes(memoryBytes)}`,
    `mappings    ${mappingCount}`,
    "",
    "stored in                    bytes   share  mappings",
    ...description.builds.map((use) => formatUse(use.build, use, memoryBytes)),
    formatUse("zero", { bytes: description.zeroBytes, mappings: description.zeroMappings }, memoryBytes),
    "",
    "memory offset         bytes  stored in                 at",
    ...firstMappings.map(formatMapping),
  ]
  if (mappingCount > firstMappings.length) lines.push(`… ${mappingCount - firstMappings.length} more`)
  return `${lines.join("\n")}\n`
}

function formatUse(name: string, use: { bytes: number; mappings: number }, memoryBytes: number): string {
  const share = `${((100 * use.bytes) / memoryBytes).toFixed(1)} %`
  return `${name.padEnd(16)} ${String(use.bytes).padStart(17)} ${share.padStart(7)} ${String(use.mappings).padStart(9)}`
}

function formatMapping({ offsetBytes, lengthBytes, build, buildOffsetBytes }: Mapping): string {
  const where = build === undefined ? "zero" : `${build} ${`0x${buildOffsetBytes.toString(16)}`.padStart(11)}`
  return `${`0x${offsetBytes.toString(16)}`.padStart(13)} ${String(lengthBytes).padStart(13)}  ${where}`
}

function formatBytes(bytes: number): string {
  return `${bytes} bytes (${bytes / BLOCK_BYTES} blocks)`
}
