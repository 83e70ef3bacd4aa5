import { MalformedPayloadError } from "./payload-reader.ts"

/** Frame types of the guest protocol, version 1 */
export const FRAME = {
  request: 0x01,
  stdin: 0x02,
  closeStdin: 0x03,
  signal: 0x04,
  resize: 0x05,
  data: 0x06,
  end: 0x07,
  done: 0x81,
  error: 0x82,
  started: 0x83,
  stdout: 0x84,
  stderr: 0x85,
  stdinConsumed: 0x86,
  exit: 0x87,
  entry: 0x88,
} as const

export interface Frame {
  readonly type: number
  readonly payload: Buffer
}

/** `u32` payload length, `u8` type */
const HEADER_BYTES = 5
export const FRAME_PAYLOAD_BYTES_MAX = 1024 * 1024
export const TOKEN_BYTES = 32
const MAGIC = Buffer.from("THAWGA")
const VERSION = 1

/** The 40 bytes that open a connection: magic, version, access token */
export function encodePreamble(token: Uint8Array): Buffer {
  if (token.length !== TOKEN_BYTES) throw new RangeError(`guest token needs ${TOKEN_BYTES} bytes`)
  const version = Buffer.alloc(2)
  version.writeUInt16LE(VERSION)
  return Buffer.concat([MAGIC, version, token])
}

export function encodeFrame(type: number, payload: Uint8Array = new Uint8Array()): Buffer {
  if (payload.length > FRAME_PAYLOAD_BYTES_MAX) {
    throw new RangeError(`frame payload of ${payload.length} bytes exceeds ${FRAME_PAYLOAD_BYTES_MAX}`)
  }
  const frame = Buffer.alloc(HEADER_BYTES + payload.length)
  frame.writeUInt32LE(payload.length, 0)
  frame.writeUInt8(type, 4)
  frame.set(payload, HEADER_BYTES)
  return frame
}

/** Cuts a byte stream into frames. Raises `MalformedPayloadError` for a frame over the maximum before its payload is held. */
export class FrameDecoder {
  readonly #chunks: Buffer[] = []
  #length = 0
  /** Bytes that must be there before anything can be decoded: joining the chunks for less would be wasted work */
  #needed = HEADER_BYTES

  /** Takes the next bytes and returns the frames they complete */
  decode(chunk: Uint8Array): Frame[] {
    if (chunk.length > 0) this.#chunks.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    this.#length += chunk.length
    if (this.#length < this.#needed) return []
    const pending =
      this.#chunks.length === 1 ? (this.#chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#chunks)
    const { frames, rest, needed } = cutFrames(pending)
    this.#chunks.splice(0, this.#chunks.length, ...(rest.length === 0 ? [] : [rest]))
    this.#length = rest.length
    this.#needed = needed
    return frames
  }
}

function cutFrames(bytes: Buffer): {
  readonly frames: Frame[]
  readonly rest: Buffer
  readonly needed: number
} {
  const frames: Frame[] = []
  let offset = 0
  while (bytes.length - offset >= HEADER_BYTES) {
    const length = bytes.readUInt32LE(offset)
    if (length > FRAME_PAYLOAD_BYTES_MAX) {
      throw new MalformedPayloadError(`frame of ${length} bytes exceeds ${FRAME_PAYLOAD_BYTES_MAX}`)
    }
    const needed = HEADER_BYTES + length
    if (bytes.length - offset < needed) return { frames, rest: bytes.subarray(offset), needed }
    const payload = bytes.subarray(offset + HEADER_BYTES, offset + needed)
    frames.push({ type: bytes.readUInt8(offset + 4), payload })
    offset += needed
  }
  return { frames, rest: bytes.subarray(offset), needed: HEADER_BYTES }
}
