export type { BlockRange } from "./block-range.ts"
export {
  BUILD_FOOTER_BYTES,
  decodeBuildFooter,
  decodeBuildTrailer,
  encodeBuildTrailer,
  type BuildFooter,
  type BuildTrailer,
} from "./build/build-trailer.ts"
export { isBuildId, parseBuildId, type BuildId } from "./build-id.ts"
export { crc32 } from "./checksum/crc32.ts"
export { planCompaction, type CompactionCopy, type CompactionPlan } from "./compaction/plan-compaction.ts"
export { DirtySet, type DirtyRange } from "./dirty/dirty-set.ts"
export {
  describeHeader,
  formatHeader,
  type BuildUse,
  type HeaderDescription,
} from "./header/describe-header.ts"
export { decodeHeader, encodeHeader } from "./header/header-codec.ts"
export { HeaderIndex } from "./header/header-index.ts"
export { lookupBlock, type BlockLocation } from "./header/lookup-block.ts"
export { namedBuilds, type Mapping, type MemoryHeader } from "./header/memory-header.ts"
export { mergeHeader } from "./header/merge-header.ts"
export { BLOCK_BYTES, HEADER_BYTES_MAX, MEMORY_BYTES_MAX } from "./limits.ts"
export { SnapshotFormatError, type SnapshotFormatErrorCode } from "./snapshot-format-error.ts"
export { decodeWorkingSet, encodeWorkingSet, workingSetBytesMax } from "./working-set/working-set.ts"
