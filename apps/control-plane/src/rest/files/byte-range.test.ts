import { describe, expect, test } from "vitest"

import { formatContentRange, parseByteRange, planFilePart } from "./byte-range.ts"

describe("parseByteRange()", () => {
  test.each([
    ["bytes=0-9", { kind: "from", first: 0, last: 9 }],
    ["bytes=5-", { kind: "from", first: 5, last: undefined }],
    ["BYTES=1-1", { kind: "from", first: 1, last: 1 }],
    ["bytes=-3", { kind: "suffix", suffixBytes: 3 }],
    [undefined, undefined],
    ["", undefined],
    ["bytes=-", undefined],
    ["bytes=2-1", undefined],
    ["bytes=0-1,3-4", undefined],
    ["bytes=a-b", undefined],
    ["items=0-1", undefined],
    [`bytes=0-${"9".repeat(40)}`, undefined],
  ])("%s", (header, wanted) => {
    expect(parseByteRange(header)).toEqual(wanted)
  })
})

describe("planFilePart()", () => {
  test.each([
    [{ kind: "from", first: 0, last: 9 }, 10, { offsetBytes: 0, lengthBytes: 10 }],
    [{ kind: "from", first: 0, last: 99 }, 10, { offsetBytes: 0, lengthBytes: 10 }],
    [{ kind: "from", first: 9, last: undefined }, 10, { offsetBytes: 9, lengthBytes: 1 }],
    [{ kind: "from", first: 10, last: undefined }, 10, undefined],
    [{ kind: "from", first: 0, last: 0 }, 0, undefined],
    [{ kind: "suffix", suffixBytes: 3 }, 10, { offsetBytes: 7, lengthBytes: 3 }],
    [{ kind: "suffix", suffixBytes: 30 }, 10, { offsetBytes: 0, lengthBytes: 10 }],
    [{ kind: "suffix", suffixBytes: 0 }, 10, undefined],
    [{ kind: "suffix", suffixBytes: 3 }, 0, undefined],
  ] as const)("%o of %i bytes", (range, sizeBytes, wanted) => {
    expect(planFilePart(range, sizeBytes)).toEqual(wanted)
  })

  test("is written as the header has it", () => {
    expect(formatContentRange({ offsetBytes: 7, lengthBytes: 3 }, 10)).toBe("bytes 7-9/10")
  })
})
