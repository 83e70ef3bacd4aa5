import { closeSync, constants, ftruncateSync, openSync, readFileSync } from "node:fs"

import type { Interval } from "../fault-server/interval-set.ts"
import { writeFully } from "./write-fully.ts"

/** Some 2500 ranges; then they are taken into the record, where they are joined */
export const JOURNAL_BYTES = 64 * 1024

const LINE = /^(\d+) (\d+)\n/gm

/**
 * Memory that a guest gave back since its record was written: a line `<start> <end>` per range, by memory offset, then zeroes.
 *
 * Appended to before the page that had the event is read over. All of the file is written when it is made, so that a disk that gets full takes
 * nothing from a VM that runs.
 */
export class RemovedJournal implements Disposable {
  readonly #fd: number
  #bytes: number
  #isClosed = false

  /**
   * @param options `isKept`: goes on after what is there, instead of beginning anew
   * @throws ENOSPC when the disk is full
   */
  constructor(path: string, options: { readonly isKept: boolean }) {
    this.#bytes = options.isKept ? countLineBytes(readText(path)) : 0
    this.#fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)
    try {
      this.#fillWithZeroes()
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
  }

  /** @returns Whether there was room; when not, nothing is written, and the ranges so far are to go to the record, and then `clear` */
  append(ranges: readonly Interval[]): boolean {
    const lines = Buffer.from(ranges.map(({ start, end }) => `${start} ${end}\n`).join(""))
    if (this.#bytes + lines.length > JOURNAL_BYTES) return false
    writeFully(this.#fd, lines, this.#bytes)
    this.#bytes += lines.length
    return true
  }

  clear(): void {
    this.#bytes = 0
    this.#fillWithZeroes()
    ftruncateSync(this.#fd, JOURNAL_BYTES)
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return
    this.#isClosed = true
    closeSync(this.#fd)
  }

  /** From the last line on, which also takes away half a line that a killed pager left */
  #fillWithZeroes(): void {
    writeFully(this.#fd, Buffer.alloc(Math.max(0, JOURNAL_BYTES - this.#bytes)), this.#bytes)
  }
}

/** Reads what a pager that is gone noted; none when there is no such file */
export function readRemovedJournal(path: string): Interval[] {
  return readText(path)
    .matchAll(LINE)
    .map(([, start, end]) => ({ start: Number(start), end: Number(end) }))
    .toArray()
}

function countLineBytes(text: string): number {
  return text.lastIndexOf("\n") + 1
}

function readText(path: string): string {
  try {
    return readFileSync(path, "latin1")
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return ""
    throw error
  }
}
