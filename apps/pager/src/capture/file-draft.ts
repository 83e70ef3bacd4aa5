import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs"
import { basename, dirname, join } from "node:path"

import { STAT_BLOCK_BYTES } from "@thaw/linux"

const PREFIX = ".partial-"
const MODE = 0o600

/** A file that appears at its path whole and durable, or not at all: written beside it, and removed at the end unless it was published */
export class FileDraft implements Disposable {
  readonly #path: string
  readonly #partialPath: string
  readonly #fd: number
  #isClosed = false

  constructor(path: string) {
    this.#path = path
    this.#partialPath = join(dirname(path), `${PREFIX}${basename(path)}`)
    this.#fd = openSync(this.#partialPath, "w", MODE)
  }

  /** Appends all of `bytes` */
  append(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) done += writeSync(this.#fd, bytes, done, bytes.length - done)
  }

  /** Makes what was appended durable under its name but for the directory; gives what it occupies on disk */
  publish(): { readonly allocatedBytes: number } {
    fdatasyncSync(this.#fd)
    const allocatedBytes = fstatSync(this.#fd).blocks * STAT_BLOCK_BYTES
    renameSync(this.#partialPath, this.#path)
    this.#close()
    return { allocatedBytes }
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return
    this.#close()
    rmSync(this.#partialPath, { force: true })
  }

  #close(): void {
    this.#isClosed = true
    closeSync(this.#fd)
  }
}

/** Makes renames in the directory of `path` durable */
export function syncDirectoryOf(path: string): void {
  const fd = openSync(dirname(path), "r")
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
