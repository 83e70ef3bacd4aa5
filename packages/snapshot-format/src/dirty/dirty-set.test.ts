import { describe, expect, it } from "vitest"

import { BLOCK_BYTES, MEMORY_BYTES_MAX } from "../limits.ts"
import { DirtySet } from "./dirty-set.ts"

describe("DirtySet", () => {
  it("is empty at first", () => {
    expect(new DirtySet()).toMatchObject({ ranges: [], dataBytes: 0, zeroBytes: 0, endBytes: 0 })
  })

  it("joins neighbours of one kind only", () => {
    const dirty = new DirtySet()
    dirty.addData(0, BLOCK_BYTES)
    dirty.addData(BLOCK_BYTES, 2 * BLOCK_BYTES)
    dirty.addZero(3 * BLOCK_BYTES, BLOCK_BYTES)
    dirty.addZero(5 * BLOCK_BYTES, BLOCK_BYTES)
    dirty.addData(6 * BLOCK_BYTES, BLOCK_BYTES)
    expect(dirty.ranges).toEqual([
      { offsetBytes: 0, lengthBytes: 3 * BLOCK_BYTES, kind: "data" },
      { offsetBytes: 3 * BLOCK_BYTES, lengthBytes: BLOCK_BYTES, kind: "zero" },
      { offsetBytes: 5 * BLOCK_BYTES, lengthBytes: BLOCK_BYTES, kind: "zero" },
      { offsetBytes: 6 * BLOCK_BYTES, lengthBytes: BLOCK_BYTES, kind: "data" },
    ])
    expect(dirty).toMatchObject({
      dataBytes: 4 * BLOCK_BYTES,
      zeroBytes: 2 * BLOCK_BYTES,
      endBytes: 7 * BLOCK_BYTES,
    })
  })

  it.each([
    [0, 0],
    [-BLOCK_BYTES, BLOCK_BYTES],
    [1, BLOCK_BYTES],
    [0, 100],
    [0, Number.NaN],
    [MEMORY_BYTES_MAX, BLOCK_BYTES],
  ])("refuses a range at %d of %d bytes and stays as it was", (offsetBytes, lengthBytes) => {
    const dirty = new DirtySet()
    expect(() => dirty.addData(offsetBytes, lengthBytes)).toThrow(RangeError)
    expect(() => dirty.addZero(offsetBytes, lengthBytes)).toThrow(RangeError)
    expect(dirty).toMatchObject({ ranges: [], dataBytes: 0, zeroBytes: 0 })
  })

  it("refuses what does not come after all that was added", () => {
    const dirty = new DirtySet()
    dirty.addData(0, 2 * BLOCK_BYTES)
    expect(() => dirty.addZero(BLOCK_BYTES, BLOCK_BYTES)).toThrow("expected 8192 or more")
  })
})
