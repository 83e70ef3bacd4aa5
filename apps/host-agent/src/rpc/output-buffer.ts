const FIRST_BYTES = 4096

/** Keeps the first `maxBytes` of a stream of chunks, whatever their sizes, and notes that there was more */
export class OutputBuffer {
  readonly #maxBytes: number
  #buffer = Buffer.alloc(0)
  #length = 0
  #isTruncated = false

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get isTruncated(): boolean {
    return this.#isTruncated
  }

  /** Copies what fits: a view would keep the whole chunk it was cut from in memory */
  append(chunk: Uint8Array): void {
    const kept = chunk.subarray(0, this.#maxBytes - this.#length)
    if (kept.length < chunk.length) this.#isTruncated = true
    if (kept.length === 0) return
    this.#grow(this.#length + kept.length)
    this.#buffer.set(kept, this.#length)
    this.#length += kept.length
  }

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  #grow(bytes: number): void {
    if (bytes <= this.#buffer.length) return
    const larger = Buffer.alloc(
      Math.min(this.#maxBytes, Math.max(bytes, 2 * this.#buffer.length, FIRST_BYTES)),
    )
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}
