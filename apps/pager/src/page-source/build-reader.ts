import { closeSync, fstatSync, openSync } from "node:fs"
import { join } from "node:path"
import { crc32 } from "node:zlib"

import {
  BLOCK_BYTES,
  BUILD_FOOTER_BYTES,
  SnapshotFormatError,
  decodeBuildFooter,
  decodeBuildTrailer,
  type BuildId,
} from "@thaw/snapshot-format"

import { dataLoss, toDataLoss } from "./data-loss.ts"
import { readFully } from "./read-fully.ts"

/**
 * The blocks of one build, read with pread so that a file cut short is an error and not a SIGBUS.
 *
 * Synchronous, for worker threads; to be closed in the thread that opened it. All errors about the file are `data_loss` and name the build.
 */
export class BuildReader implements Disposable {
  readonly buildId: BuildId
  readonly #path: string
  readonly #fd: number
  /** CRC-32 of each block */
  readonly #checksums: Uint32Array
  #isClosed = false

  private constructor(buildId: BuildId, path: string, fd: number, checksums: Uint32Array) {
    this.buildId = buildId
    this.#path = path
    this.#fd = fd
    this.#checksums = checksums
  }

  /** Opens a build and checks all of it but its blocks */
  static open(buildsDir: string, buildId: BuildId): BuildReader {
    const path = join(buildsDir, buildId)
    try {
      const fd = openSync(path, "r")
      try {
        return new BuildReader(buildId, path, fd, readChecksums(fd, buildId))
      } catch (error) {
        closeSync(fd)
        throw error
      }
    } catch (error) {
      throw toDataLoss(error, `build '${buildId}'`, path)
    }
  }

  /** Size of its blocks together */
  get dataBytes(): number {
    return this.#checksums.length * BLOCK_BYTES
  }

  /**
   * Reads whole blocks and checks each against its checksum.
   *
   * @param targetOffset Where in `target` they go
   */
  readVerified(buildOffsetBytes: number, lengthBytes: number, target: Buffer, targetOffset = 0): void {
    this.readUnverified(buildOffsetBytes, lengthBytes, target, targetOffset)
    for (let at = 0; at < lengthBytes; at += BLOCK_BYTES) {
      const block = target.subarray(targetOffset + at, targetOffset + at + BLOCK_BYTES)
      if (crc32(block) !== this.checksumAt(buildOffsetBytes + at)) {
        throw this.#damaged(`its block at byte ${buildOffsetBytes + at} has another checksum`)
      }
    }
  }

  /** As `readVerified` without the check, for one who compares the blocks with others of that checksum */
  readUnverified(buildOffsetBytes: number, lengthBytes: number, target: Buffer, targetOffset = 0): void {
    if (buildOffsetBytes + lengthBytes > this.dataBytes) {
      throw this.#damaged(
        `bytes ${buildOffsetBytes} to ${buildOffsetBytes + lengthBytes} are named, but it has ${this.dataBytes}`,
      )
    }
    const done = this.#read(buildOffsetBytes, lengthBytes, target, targetOffset)
    if (done === lengthBytes) return
    throw dataLoss(`build '${this.buildId}' is truncated: it ends at byte ${buildOffsetBytes + done}`, {
      path: this.#path,
    })
  }

  /** CRC-32 that the block at `buildOffsetBytes` had when it was written */
  checksumAt(buildOffsetBytes: number): number {
    return this.#checksums[buildOffsetBytes / BLOCK_BYTES] ?? 0
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return
    this.#isClosed = true
    closeSync(this.#fd)
  }

  #read(fileOffset: number, lengthBytes: number, target: Buffer, targetOffset: number): number {
    try {
      return readFully(this.#fd, target, { targetOffset, lengthBytes, fileOffset })
    } catch (error) {
      throw toDataLoss(error, `build '${this.buildId}'`, this.#path)
    }
  }

  #damaged(reason: string) {
    return dataLoss(`build '${this.buildId}' is damaged: ${reason}`, { path: this.#path })
  }
}

function readChecksums(fd: number, buildId: BuildId): Uint32Array {
  const sizeBytes = fstatSync(fd).size
  const footer = decodeBuildFooter(readEnd(fd, sizeBytes, BUILD_FOOTER_BYTES), sizeBytes)
  if (footer.buildId !== buildId) {
    throw new SnapshotFormatError("invalid", `it says that it is build '${footer.buildId}'`)
  }
  return decodeBuildTrailer(readEnd(fd, sizeBytes, footer.trailerBytes)).checksums
}

/** The last bytes of a file; fewer when it is shorter */
function readEnd(fd: number, sizeBytes: number, lengthBytes: number): Buffer {
  const bytes = Buffer.alloc(Math.min(sizeBytes, lengthBytes))
  const at = { targetOffset: 0, lengthBytes: bytes.length, fileOffset: sizeBytes - bytes.length }
  return bytes.subarray(0, readFully(fd, bytes, at))
}
