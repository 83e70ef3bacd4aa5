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
  #pending: Buffer = Buffer.alloc(0)

  /** Takes the next bytes and returns the frames they complete */
  decode(chunk: Uint8Array): Frame[] {
    const pending = this.#pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#pending, chunk])
    const frames: Frame[] = []
    let offset = 0
    while (pending.length - offset >= HEADER_BYTES) {
      const length = pending.readUInt32LE(offset)
      if (length > FRAME_PAYLOAD_BYTES_MAX) {
        throw new MalformedPayloadError(`frame of ${length} bytes exceeds ${FRAME_PAYLOAD_BYTES_MAX}`)
      }
      if (pending.length - offset - HEADER_BYTES < length) break
      const start = offset + HEADER_BYTES
      frames.push({ type: pending.readUInt8(offset + 4), payload: pending.subarray(start, start + length) })
      offset = start + length
    }
    this.#pending = pending.subarray(offset)
    return frames
  }

  /** Whether the bytes so far end inside a frame */
  get isInsideFrame(): boolean {
    return this.#pending.length > 0
  }
}
