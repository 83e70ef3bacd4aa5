import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs"

import { MIB } from "@thaw/model"

import type { Interval } from "../fault-server/interval-set.ts"

/** Then its ranges are taken into the record, where they are joined */
const BYTES_MAX = MIB

/**
 * Memory that a guest gave back since its record was written: a line `<start> <end>` per range, by memory offset.
 *
 * Appended to before the page that had the event is read over: that is one write, where a whole record is a file.
 */
export class RemovedJournal implements Disposable {
  readonly #fd: number
  #bytes = 0
  #isClosed = false

  /** Begins an empty one; whatever the last one had is on record */
  constructor(path: string) {
    this.#fd = openSync(path, "a", 0o600)
    this.clear()
  }

  /** Whether its ranges should go to the record, and it be cleared after that */
  get isFull(): boolean {
    return this.#bytes > BYTES_MAX
  }

  append(ranges: readonly Interval[]): void {
    this.#bytes += writeSync(this.#fd, ranges.map(({ start, end }) => `${start} ${end}\n`).join(""))
  }

  clear(): void {
    ftruncateSync(this.#fd, 0)
    this.#bytes = 0
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return
    this.#isClosed = true
    closeSync(this.#fd)
  }
}

/** Reads what a pager that is gone noted; none when there is no such file */
export function readRemovedJournal(path: string): Interval[] {
  return readText(path)
    .matchAll(/^(\d+) (\d+)\n/gm)
    .map(([, start, end]) => ({ start: Number(start), end: Number(end) }))
    .toArray()
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return ""
    throw error
  }
}
