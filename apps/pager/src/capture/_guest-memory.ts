import { closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs"
import { join } from "node:path"

import { mapSharedFile, removePages, type SharedMapping } from "@thaw/linux"
import { BLOCK_BYTES, type BlockRange } from "@thaw/snapshot-format"

import { MemorySource } from "../page-source/memory-source.ts"

/** A directory on a tmpfs, removed at its end */
export function openDirectory(): Disposable & { readonly path: string } {
  const path = mkdtempSync("/dev/shm/capture-test-")
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** The file that holds the memory of a VM, without the VM: pages come in when they are touched, as by faults */
export class GuestMemory implements Disposable {
  readonly path: string
  readonly removed: BlockRange[] = []
  readonly #fd: number
  readonly #mapping: SharedMapping
  readonly #source: MemorySource | undefined
  readonly #present = new Set<number>()
  readonly #isRemoved = new Set<number>()

  /** @param restoredFrom Header and builds of a VM that was restored; undefined for one that was booted */
  constructor(path: string, memoryBytes: number, restoredFrom?: { headerPath: string; buildsDir: string }) {
    this.path = path
    this.#fd = openSync(path, "w+", 0o600)
    ftruncateSync(this.#fd, memoryBytes)
    this.#mapping = mapSharedFile(this.#fd, memoryBytes)
    this.#source =
      restoredFrom === undefined
        ? undefined
        : MemorySource.open(restoredFrom.headerPath, restoredFrom.buildsDir)
  }

  /** Brings a page in and gives its content */
  read(page: number): Buffer {
    this.#fault(page)
    const content = Buffer.alloc(BLOCK_BYTES)
    readSync(this.#fd, content, 0, BLOCK_BYTES, page * BLOCK_BYTES)
    return content
  }

  write(page: number, content: Uint8Array, offset = 0): void {
    this.#fault(page)
    writeSync(this.#fd, content, 0, content.length, page * BLOCK_BYTES + offset)
  }

  /** Gives pages back, as a balloon does */
  remove(page: number, pages: number): void {
    removePages(this.#mapping.address + page * BLOCK_BYTES, pages * BLOCK_BYTES)
    for (let at = page; at < page + pages; at++) {
      this.#present.delete(at)
      this.#isRemoved.add(at)
    }
    this.removed.push({ offsetBytes: page * BLOCK_BYTES, lengthBytes: pages * BLOCK_BYTES })
  }

  [Symbol.dispose](): void {
    this.#mapping[Symbol.dispose]()
    this.#source?.[Symbol.dispose]()
    closeSync(this.#fd)
    rmSync(this.path, { force: true })
  }

  #fault(page: number): void {
    if (this.#present.has(page)) return
    this.#present.add(page)
    const content = Buffer.alloc(BLOCK_BYTES)
    if (!this.#isRemoved.has(page)) this.#source?.read(page * BLOCK_BYTES, BLOCK_BYTES, content)
    writeSync(this.#fd, content, 0, BLOCK_BYTES, page * BLOCK_BYTES)
  }
}

/** All memory that a header describes */
export function readMemory(headerPath: string, buildsDir: string): Buffer {
  using source = MemorySource.open(headerPath, buildsDir)
  const memory = Buffer.alloc(source.memoryBytes, 0xee)
  source.read(0, source.memoryBytes, memory)
  return memory
}

/** Where a series of captures goes, and the requests for them */
export class CaptureSeries implements Disposable {
  readonly buildsDir: string
  readonly #directory = openDirectory()
  readonly memoryBytes: number

  constructor(memoryBytes: number) {
    this.memoryBytes = memoryBytes
    this.buildsDir = this.#directory.path
  }

  buildId(number: number): string {
    return String(number).padStart(16, "0")
  }

  headerPath(number: number): string {
    return join(this.#directory.path, `header-${number}`)
  }

  openMemory(parent?: number): GuestMemory {
    const restoredFrom =
      parent === undefined ? undefined : { headerPath: this.headerPath(parent), buildsDir: this.buildsDir }
    return new GuestMemory(join(this.#directory.path, "memory"), this.memoryBytes, restoredFrom)
  }

  request(memory: GuestMemory, number: number, parent?: number) {
    return {
      memoryPath: memory.path,
      memoryBytes: this.memoryBytes,
      parentHeaderPath: parent === undefined ? undefined : this.headerPath(parent),
      buildsDir: this.buildsDir,
      buildId: this.buildId(number),
      headerPath: this.headerPath(number),
      removed: memory.removed,
    }
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]()
  }
}
