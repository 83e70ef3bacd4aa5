import { closeSync, ftruncateSync, openSync, readFileSync } from "node:fs"

import { UFFD_EVENTS_BYTES, decodeUffdEvents, mapSharedFile, type SharedMapping } from "@thaw/linux"

import type { Interval } from "../fault-server/interval-set.ts"

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

  /** Begins an empty one; what the last one had is on record */
  constructor(path: string) {
    const fd = openSync(path, "w+", 0o600)
    try {
      ftruncateSync(fd, UFFD_EVENTS_BYTES)
      this.#mapping = mapSharedFile(fd, UFFD_EVENTS_BYTES)
    } finally {
      closeSync(fd)
    }
    const { buffer, byteOffset } = this.#mapping.view
    this.words = new Uint32Array(buffer, byteOffset, UFFD_EVENTS_BYTES / Uint32Array.BYTES_PER_ELEMENT)
    // Has the kernel make the page writable now, and not in the middle of a read.
    this.words.fill(0)
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
