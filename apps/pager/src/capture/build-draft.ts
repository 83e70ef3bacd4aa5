import { existsSync } from "node:fs"
import { join } from "node:path"
import { crc32 } from "node:zlib"

import { MIB, PlatformError } from "@thaw/model"
import { BLOCK_BYTES, encodeBuildTrailer, type BuildId } from "@thaw/snapshot-format"

import { FileDraft } from "./file-draft.ts"

const BUFFER_BYTES = MIB
const CHECKSUMS_START = 4096

/** A build in the making. Its file is begun with the first block: a build without blocks has none, and no header names it. */
export class BuildDraft implements Disposable {
  readonly path: string
  readonly #buildId: BuildId
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES)
  #bufferedBytes = 0
  #checksums = new Uint32Array(CHECKSUMS_START)
  #blockCount = 0
  #file: FileDraft | undefined

  /** @throws {PlatformError} already_exists: builds are never written twice */
  constructor(buildsDir: string, buildId: BuildId) {
    this.path = join(buildsDir, buildId)
    this.#buildId = buildId
    if (existsSync(this.path)) throw new PlatformError("already_exists", `build '${buildId}' exists already`)
  }

  /** Appends whole blocks from `source` */
  append(source: Buffer, sourceOffset: number, lengthBytes: number): void {
    for (let done = 0; done < lengthBytes;) {
      const bytes = Math.min(lengthBytes - done, BUFFER_BYTES - this.#bufferedBytes)
      const start = sourceOffset + done
      source.copy(this.#buffer, this.#bufferedBytes, start, start + bytes)
      for (let at = start; at < start + bytes; at += BLOCK_BYTES) {
        this.#addChecksum(crc32(source.subarray(at, at + BLOCK_BYTES)))
      }
      this.#bufferedBytes += bytes
      done += bytes
      if (this.#bufferedBytes === BUFFER_BYTES) this.#flush()
    }
  }

  /** Makes the build durable under its name but for the directory; does nothing when it has no blocks */
  publish(): { readonly allocatedBytes: number } {
    if (this.#blockCount === 0) return { allocatedBytes: 0 }
    const file = this.#flush()
    const checksums = this.#checksums.subarray(0, this.#blockCount)
    file.append(encodeBuildTrailer({ buildId: this.#buildId, checksums }))
    return file.publish()
  }

  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]()
  }

  #flush(): FileDraft {
    this.#file ??= new FileDraft(this.path)
    this.#file.append(this.#buffer.subarray(0, this.#bufferedBytes))
    this.#bufferedBytes = 0
    return this.#file
  }

  #addChecksum(checksum: number): void {
    if (this.#blockCount === this.#checksums.length) {
      const larger = new Uint32Array(2 * this.#checksums.length)
      larger.set(this.#checksums)
      this.#checksums = larger
    }
    this.#checksums[this.#blockCount++] = checksum
  }
}
