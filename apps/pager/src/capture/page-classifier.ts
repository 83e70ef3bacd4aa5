import { crc32 } from "node:zlib"

import { BLOCK_BYTES } from "@thaw/snapshot-format"

import type { BuildReader } from "../page-source/build-reader.ts"
import type { MemorySource } from "../page-source/memory-source.ts"

/** What a page is, measured against what the parent has there */
export type PageKind = "clean" | "zero" | "data"

/** Takes the pages of a chunk in their order; neighbours of one kind come together */
export type PageSink = (kind: PageKind, chunkOffset: number, lengthBytes: number) => void

const ZERO_BLOCK = Buffer.alloc(BLOCK_BYTES)

/** Compares chunks of a VM's memory with the memory it was restored from */
export class PageClassifier {
  readonly #parent: MemorySource | undefined
  /** The parent's chunk, and a chunk of zeroes */
  readonly #before: Buffer
  readonly #zeroes: Buffer
  readonly #run = new KindRun()

  /** @param parent undefined for a VM that was booted: before that its memory was zero */
  constructor(parent: MemorySource | undefined, chunkBytesMax: number) {
    this.#parent = parent
    this.#before = Buffer.allocUnsafe(parent === undefined ? 0 : chunkBytesMax)
    this.#zeroes = Buffer.alloc(chunkBytesMax)
  }

  /**
   * Tells what each page of a chunk is.
   *
   * @param chunk Content of the memory from `memoryOffset` on, whole pages
   */
  classify(chunk: Buffer, memoryOffset: number, sink: PageSink): void {
    for (let at = 0; at < chunk.length;) {
      const parentRun = this.#parent?.runAt(memoryOffset + at, chunk.length - at)
      const end = at + (parentRun?.lengthBytes ?? chunk.length)
      if (parentRun?.build === undefined) this.#compareWithZero(chunk, at, end, sink)
      else
        this.#compareWithBuild(
          chunk,
          at,
          end,
          { build: parentRun.build, offset: parentRun.buildOffsetBytes },
          sink,
        )
      at = end
    }
    this.#run.end(sink)
  }

  #compareWithZero(chunk: Buffer, start: number, end: number, sink: PageSink): void {
    if (chunk.compare(this.#zeroes, start, end, start, end) === 0) {
      this.#run.add("clean", start, end, sink)
      return
    }
    for (let at = start; at < end; at += BLOCK_BYTES) {
      this.#run.add(isZero(chunk, at) ? "clean" : "data", at, at + BLOCK_BYTES, sink)
    }
  }

  /**
   * The parent's blocks are read without a check: where the page is the same, the page's own checksum tells whether the block is what was once
   * written. A damaged block is not clean, and so the page is stored anew.
   */
  #compareWithBuild(
    chunk: Buffer,
    start: number,
    end: number,
    stored: { readonly build: BuildReader; readonly offset: number },
    sink: PageSink,
  ): void {
    const before = this.#before
    stored.build.readUnverified(stored.offset, end - start, before, start)
    for (let at = start; at < end; at += BLOCK_BYTES) {
      const next = at + BLOCK_BYTES
      const isClean =
        chunk.compare(before, at, next, at, next) === 0 &&
        crc32(chunk.subarray(at, next)) === stored.build.checksumAt(stored.offset + at - start)
      this.#run.add(isClean ? "clean" : isZero(chunk, at) ? "zero" : "data", at, next, sink)
    }
  }
}

function isZero(chunk: Buffer, at: number): boolean {
  return chunk[at] === 0 && chunk.compare(ZERO_BLOCK, 0, BLOCK_BYTES, at, at + BLOCK_BYTES) === 0
}

/** Joins neighbouring pages of one kind */
class KindRun {
  #kind: PageKind = "clean"
  #start = 0
  #end = 0

  add(kind: PageKind, start: number, end: number, sink: PageSink): void {
    if (kind !== this.#kind) {
      this.end(sink)
      this.#kind = kind
    }
    if (this.#end === this.#start) this.#start = start
    this.#end = end
  }

  end(sink: PageSink): void {
    if (this.#end > this.#start) sink(this.#kind, this.#start, this.#end - this.#start)
    this.#start = 0
    this.#end = 0
  }
}
