import { KIB, MIB } from "./units.ts"

/** Every fixed limit of the platform; `thaw doctor` prints them */
export const LIMITS = {
  vcpusMin: 1,
  vcpusDefault: 1,
  memoryMibMin: 128,
  memoryMibDefault: 512,
  /** Memory a running VMM needs beside the guest's */
  vmmOverheadMib: 64,
  /** Memory of the host that sandboxes never get */
  hostReserveMib: 1024,
  timeoutSecDefault: 300,
  timeoutSecMax: 30 * 24 * 3600,
  metadataEntriesMax: 64,
  metadataKeyLengthMax: 64,
  metadataValueLengthMax: 1024,
  envEntriesMax: 256,
  envBytesMax: 128 * KIB,
  /** JSON request body of the REST API */
  jsonBodyBytesMax: 8 * MIB,
  argsMax: 1024,
  argBytesMax: 128 * KIB,
  pathBytesMax: 4096,
  userBytesMax: 256,
  stdinBytesMax: 4 * MIB,
  execTimeoutSecDefault: 30,
  execTimeoutSecMax: 24 * 3600,
  /** Output of each stream that a unary exec keeps; the rest is dropped and `truncated` is set */
  execOutputBytesMax: 4 * MIB,
  /** File size of the unary ReadFile and WriteFile calls */
  unaryFileBytesMax: 4 * MIB,
  /** One chunk of a streamed file or output */
  chunkBytesMax: 64 * KIB,
  /** One file of an upload */
  uploadBytesMax: 64 * 1024 * MIB,
  uploadFilesMax: 64,
  /** Entries of one directory listing */
  listEntriesMax: 10_000,
  pageSizeDefault: 100,
  pageSizeMax: 1000,
  ptyColsMax: 1000,
  ptyRowsMax: 1000,
  /** Builds that the memory of one paused sandbox may be spread over before its own are merged in the background */
  memoryBuildsMax: 8,
  /** Root file system layers between a snapshot template and its base; a deeper one is flattened when it is made */
  rootfsLayersMax: 8,
  slotMin: 1,
  slotMax: 32_767,
} as const

/** What one host can give to sandboxes */
export interface HostCapacity {
  readonly vcpusMax: number
  readonly memoryMibMax: number
  readonly sandboxesMax: number
}

/**
 * Derives a host's capacity from its size.
 *
 * @param host `cpus` as the kernel counts them, `memoryMib` of RAM
 */
export function planHostCapacity(host: { cpus: number; memoryMib: number }): HostCapacity {
  const memoryMibMax = Math.max(LIMITS.memoryMibMin, host.memoryMib - LIMITS.hostReserveMib)
  const smallestMib = LIMITS.memoryMibMin + LIMITS.vmmOverheadMib
  return {
    vcpusMax: Math.max(LIMITS.vcpusMin, host.cpus),
    memoryMibMax,
    sandboxesMax: Math.max(1, Math.min(LIMITS.slotMax, Math.floor(memoryMibMax / smallestMib))),
  }
}
