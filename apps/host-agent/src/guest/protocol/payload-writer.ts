const GROWTH_BYTES = 256

/** Writes the primitives of the guest protocol (docs/formats/guest-protocol.md): little-endian integers, `bytes`, `list`, `option` */
export class PayloadWriter {
  #buffer = Buffer.alloc(GROWTH_BYTES)
  #length = 0

  u8(value: number): this {
    this.#length = this.#room(1).writeUInt8(value, this.#length)
    return this
  }

  u16(value: number): this {
    this.#length = this.#room(2).writeUInt16LE(value, this.#length)
    return this
  }

  u32(value: number): this {
    this.#length = this.#room(4).writeUInt32LE(value, this.#length)
    return this
  }

  i32(value: number): this {
    this.#length = this.#room(4).writeInt32LE(value, this.#length)
    return this
  }

  u64(value: bigint): this {
    this.#length = this.#room(8).writeBigUInt64LE(value, this.#length)
    return this
  }

  bool(value: boolean): this {
    return this.u8(value ? 1 : 0)
  }

  bytes(value: Uint8Array | string): this {
    const bytes = typeof value === "string" ? Buffer.from(value) : value
    this.u32(bytes.length)
    this.#room(bytes.length).set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  list<T>(items: readonly T[], writeItem: (item: T) => void): this {
    this.u32(items.length)
    items.forEach(writeItem)
    return this
  }

  option<T>(value: T | undefined, writeValue: (value: T) => void): this {
    this.bool(value !== undefined)
    if (value !== undefined) writeValue(value)
    return this
  }

  /** The payload written so far */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  #room(bytes: number): Buffer {
    const needed = this.#length + bytes
    if (needed > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(needed, this.#buffer.length * 2))
      this.#buffer.copy(larger, 0, 0, this.#length)
      this.#buffer = larger
    }
    return this.#buffer
  }
}
