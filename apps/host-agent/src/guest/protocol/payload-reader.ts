/** A payload from a guest that does not follow the protocol */
export class MalformedPayloadError extends Error {
  override readonly name = "MalformedPayloadError"
}

/** Reads the primitives of the guest protocol. Raises `MalformedPayloadError` for anything short, long or out of range. */
export class PayloadReader {
  readonly #buffer: Buffer
  #offset = 0

  constructor(payload: Uint8Array) {
    this.#buffer = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  }

  u8(): number {
    return this.#buffer.readUInt8(this.#advance(1))
  }

  u32(): number {
    return this.#buffer.readUInt32LE(this.#advance(4))
  }

  i32(): number {
    return this.#buffer.readInt32LE(this.#advance(4))
  }

  u64(): bigint {
    return this.#buffer.readBigUInt64LE(this.#advance(8))
  }

  i64(): bigint {
    return this.#buffer.readBigInt64LE(this.#advance(8))
  }

  /** A `u64` that fits a JavaScript number */
  safeU64(): number {
    const value = this.u64()
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new MalformedPayloadError(`integer ${value} is too large`)
    }
    return Number(value)
  }

  bool(): boolean {
    const value = this.u8()
    if (value > 1) throw new MalformedPayloadError(`boolean has value ${value}`)
    return value === 1
  }

  bytes(): Buffer {
    const length = this.u32()
    const start = this.#advance(length)
    return this.#buffer.subarray(start, start + length)
  }

  text(): string {
    return this.bytes().toString()
  }

  option<T>(readValue: () => T): T | undefined {
    return this.bool() ? readValue() : undefined
  }

  /** States that the payload has been read whole */
  end(): void {
    const rest = this.#buffer.length - this.#offset
    if (rest !== 0) throw new MalformedPayloadError(`payload has ${rest} bytes too many`)
  }

  #advance(bytes: number): number {
    const start = this.#offset
    if (bytes > this.#buffer.length - start) {
      throw new MalformedPayloadError(`payload of ${this.#buffer.length} bytes ends early`)
    }
    this.#offset = start + bytes
    return start
  }
}
