import fc from "fast-check"
import { describe, expect, it } from "vitest"

import { FRAME, FRAME_PAYLOAD_BYTES_MAX, FrameDecoder, encodeFrame, encodePreamble } from "./frame.ts"
import { MalformedPayloadError } from "./payload-reader.ts"

describe("FrameDecoder", () => {
  it("finds the same frames however the stream is cut", () => {
    const frame = fc.record({
      type: fc.integer({ min: 0, max: 255 }),
      payload: fc.uint8Array({ maxLength: 300 }),
    })
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.integer({ min: 1, max: 97 }), (frames, cut) => {
        const stream = Buffer.concat(frames.map(({ type, payload }) => encodeFrame(type, payload)))
        const decoder = new FrameDecoder()
        const decoded = []
        for (let offset = 0; offset < stream.length; offset += cut) {
          decoded.push(...decoder.decode(stream.subarray(offset, offset + cut)))
        }
        expect(decoded.map(({ type, payload }) => ({ type, payload: new Uint8Array(payload) }))).toEqual(
          frames,
        )
        expect(decoder.decode(encodeFrame(FRAME.end))).toMatchObject([{ type: FRAME.end }])
      }),
    )
  })

  it("refuses a frame over the maximum as soon as it reads its length", () => {
    const header = Buffer.alloc(5)
    header.writeUInt32LE(FRAME_PAYLOAD_BYTES_MAX + 1)
    expect(() => new FrameDecoder().decode(header)).toThrow(MalformedPayloadError)
  })
})

describe("encodeFrame()", () => {
  it("refuses a payload over the maximum", () => {
    expect(() => encodeFrame(FRAME.data, new Uint8Array(FRAME_PAYLOAD_BYTES_MAX + 1))).toThrow(RangeError)
  })
})

describe("encodePreamble()", () => {
  it.each([0, 31, 33])("refuses a token of %i bytes", (length) => {
    expect(() => encodePreamble(new Uint8Array(length))).toThrow(RangeError)
  })
})
