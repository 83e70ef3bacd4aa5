import { LIMITS, PlatformError } from "@thaw/model"

export type FileContent = Iterable<Uint8Array>

interface ReadRange {
  readonly offset: bigint
  readonly length?: bigint | undefined
}

/**
 * Files that every simulated guest has without having been written:
 *
 * - `/sim/large/<n>`: n bytes, byte i being i mod 251
 * - `/sim/proc`: says its size is 0 and has content, as files below `/proc` do
 * - `/sim/break/<n>`: n bytes, then the read fails with `internal`
 * - `/sim/short/<n>`: says it has n bytes and ends after half of them
 */
export function specialContent(
  path: string,
  range: ReadRange,
): { sizeBytes: number; content: FileContent } | undefined {
  const [, root, kind, size] = path.split("/")
  if (root !== "sim") return undefined
  const sizeBytes = Number(size ?? "0")
  switch (kind) {
    case "large":
      return { sizeBytes, content: pattern(sizeBytes, range) }
    case "proc":
      return { sizeBytes: 0, content: pattern(PROC_BYTES, range) }
    case "break":
      return { sizeBytes, content: breaking(sizeBytes, range) }
    case "short":
      return { sizeBytes, content: pattern(Math.floor(sizeBytes / 2), range) }
    default:
      return undefined
  }
}

const PROC_BYTES = 42
const PERIOD = 251
const SOURCE = Buffer.from(
  Array.from({ length: LIMITS.chunkBytesMax + PERIOD }, (_, index) => index % PERIOD),
)

function* pattern(sizeBytes: number, range: ReadRange): Generator<Uint8Array> {
  const end =
    range.length === undefined ? sizeBytes : Math.min(sizeBytes, Number(range.offset + range.length))
  for (let offset = Number(range.offset); offset < end; offset += LIMITS.chunkBytesMax) {
    const start = offset % PERIOD
    yield SOURCE.subarray(start, start + Math.min(LIMITS.chunkBytesMax, end - offset))
  }
}

function* breaking(sizeBytes: number, range: ReadRange): Generator<Uint8Array> {
  yield* pattern(sizeBytes, range)
  throw new PlatformError("internal", "the file cannot be read any further")
}
