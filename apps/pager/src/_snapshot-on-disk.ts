import { createHash, randomBytes } from "node:crypto"
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { crc32 } from "node:zlib"

import {
  BLOCK_BYTES,
  DirtySet,
  encodeBuildTrailer,
  encodeHeader,
  mergeHeader,
  parseBuildId,
  type MemoryHeader,
} from "@thaw/snapshot-format"

/** A snapshot's memory as files, and what it is to read as */
export interface SnapshotOnDisk {
  readonly headerPath: string
  readonly buildsDir: string
  readonly buildPaths: readonly string[]
  readonly memory: Buffer
}

const BUILD_IDS = ["aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb", "cccccccccccccccc"].map(parseBuildId)
/** Pages of random data and of nothing take turns, in runs of this many */
const RUN_PAGES = 8

/** Writes a snapshot of three generations: two of three runs of pages have data, and the newer generations change some of them */
export async function writeSnapshot(directory: string, memoryBytes: number): Promise<SnapshotOnDisk> {
  const buildsDir = join(directory, "builds")
  await mkdir(buildsDir, { recursive: true })
  const memory = Buffer.alloc(memoryBytes)
  let header: MemoryHeader | undefined
  for (const [generation, buildId] of BUILD_IDS.entries()) {
    const dirty = new DirtySet()
    const data: Buffer[] = []
    for (let page = 0; page < memoryBytes / BLOCK_BYTES; page++) {
      const run = Math.floor(page / RUN_PAGES)
      const isChanged = generation === 0 ? true : (page * 7 + generation) % 13 === 0
      if (!isChanged) continue
      const offset = page * BLOCK_BYTES
      if (generation === 0 ? run % 3 === 0 : page % 2 === 0) {
        memory.fill(0, offset, offset + BLOCK_BYTES)
        dirty.addZero(offset, BLOCK_BYTES)
      } else {
        const block = randomBytes(BLOCK_BYTES)
        block.copy(memory, offset)
        data.push(block)
        dirty.addData(offset, BLOCK_BYTES)
      }
    }
    const checksums = Uint32Array.from(data, (block) => crc32(block))
    await writeFile(
      join(buildsDir, buildId),
      Buffer.concat([...data, encodeBuildTrailer({ buildId, checksums })]),
    )
    header = mergeHeader(header, dirty, { memoryBytes, buildId })
  }
  if (header === undefined) throw new Error("a snapshot has a generation at least")
  const headerPath = join(directory, "memfile.header")
  await writeFile(headerPath, encodeHeader(header))
  return { headerPath, buildsDir, buildPaths: BUILD_IDS.map((id) => join(buildsDir, id)), memory }
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex")
}
