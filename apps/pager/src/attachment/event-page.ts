import { closeSync, constants, ftruncateSync, openSync, readFileSync } from "node:fs"

import { UFFD_EVENTS_BYTES, decodeUffdEvents, mapSharedFile, type SharedMapping } from "@thaw/linux"

import type { Interval } from "../fault-server/interval-set.ts"
import { writeFully } from "./write-fully.ts"

const EMPTY = Buffer.alloc(UFFD_EVENTS_BYTES)

/**
 * Where a VM's events are read to: a file that is mapped, so that they outlive the pager.
 *
 * A guest that gives memory back goes on the moment the pager reads its event, and does so before the pager can note it anywhere: killed in
 * between, it would leave the next pager to show that guest old data. What a read wrote to mapped memory is in the file, whatever comes after.
 */
export class EventPage implements Disposable {
  readonly #mapping: SharedMapping
  /** For `Userfaultfd.fromDescriptor` */
  readonly words: Uint32Array

  /**
   * Begins an empty one; what the last one had is on record. A file that is there is used again.
   *
   * @throws ENOSPC when the disk is full
   */
  constructor(path: string) {
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)
    try {
      // A write fails on a full disk, a store to a mapped hole ends the process: SIGBUS. Only the kernel writes to the mapping.
      writeFully(fd, EMPTY, 0)
      ftruncateSync(fd, EMPTY.length)
      this.#mapping = mapSharedFile(fd, UFFD_EVENTS_BYTES)
    } finally {
      closeSync(fd)
    }
    const { buffer, byteOffset } = this.#mapping.view
    this.words = new Uint32Array(buffer, byteOffset, UFFD_EVENTS_BYTES / Uint32Array.BYTES_PER_ELEMENT)
  }

  [Symbol.dispose](): void {
    this.#mapping[Symbol.dispose]()
  }
}

/** Reads, by address, which ranges a guest gave back in the last events that a pager read before it was killed; older ones may be among them */
export function readRemovedAddresses(path: string): Interval[] {
  const bytes = readIfThere(path)
  if (bytes === undefined || bytes.length !== UFFD_EVENTS_BYTES) return []
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / Uint32Array.BYTES_PER_ELEMENT)
  return decodeUffdEvents(words).flatMap((event) =>
    event.kind === "remove" ? [{ start: event.start, end: event.end }] : [],
  )
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw error
  }
}
