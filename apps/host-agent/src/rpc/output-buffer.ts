/** Keeps the first `maxBytes` of a process's output and notes that there was more */
export class OutputBuffer {
  readonly #maxBytes: number
  readonly #chunks: Uint8Array[] = []
  #length = 0
  #isTruncated = false

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get isTruncated(): boolean {
    return this.#isTruncated
  }

  append(chunk: Uint8Array): void {
    const room = this.#maxBytes - this.#length
    if (chunk.length > room) this.#isTruncated = true
    if (room === 0) return
    const kept = chunk.subarray(0, room)
    this.#chunks.push(kept)
    this.#length += kept.length
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#chunks)
  }
}
