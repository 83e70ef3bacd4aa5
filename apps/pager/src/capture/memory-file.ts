import { closeSync, fstatSync, openSync } from "node:fs"

import { dataExtents, type Extent } from "@thaw/linux"
import { PlatformError } from "@thaw/model"
import { BLOCK_BYTES } from "@thaw/snapshot-format"

import { readFully } from "../page-source/read-fully.ts"

/** The file that holds a VM's memory, whose holes are pages that are not in memory */
export class MemoryFile implements Disposable {
  readonly memoryBytes: number
  readonly #fd: number

  private constructor(fd: number, memoryBytes: number) {
    this.#fd = fd
    this.memoryBytes = memoryBytes
  }

  /** @throws {PlatformError} `internal` when there is no file of that size */
  static open(path: string, memoryBytes: number): MemoryFile {
    let fd: number
    try {
      fd = openSync(path, "r")
    } catch (error) {
      throw new PlatformError("internal", "the VM's memory cannot be opened", { cause: error })
    }
    const sizeBytes = fstatSync(fd).size
    if (sizeBytes === memoryBytes) return new MemoryFile(fd, memoryBytes)
    closeSync(fd)
    throw new PlatformError("internal", `the VM's memory has ${sizeBytes} bytes, expected ${memoryBytes}`)
  }

  /** Lists the parts that are in memory, in whole pages, ascending and apart */
  *extents(): Generator<Extent, void, undefined> {
    let done = 0
    for (const { offsetBytes, lengthBytes } of dataExtents(this.#fd, this.memoryBytes)) {
      const start = Math.max(done, Math.floor(offsetBytes / BLOCK_BYTES) * BLOCK_BYTES)
      done = Math.ceil((offsetBytes + lengthBytes) / BLOCK_BYTES) * BLOCK_BYTES
      if (start < done) yield { offsetBytes: start, lengthBytes: done - start }
    }
  }

  /** Reads memory into the start of `target` */
  read(offsetBytes: number, lengthBytes: number, target: Buffer): void {
    const at = { targetOffset: 0, lengthBytes, fileOffset: offsetBytes }
    const done = readFully(this.#fd, target, at)
    if (done === lengthBytes) return
    throw new PlatformError("internal", `the VM's memory ends at byte ${offsetBytes + done} while it is read`)
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }
}
