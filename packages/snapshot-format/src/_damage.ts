import fc from "fast-check"
import { expect } from "vitest"

import { seal } from "./envelope/envelope.ts"
import { SnapshotFormatError } from "./snapshot-format-error.ts"

/** The error that `decode` raises, which is a SnapshotFormatError; undefined when it raises none */
export function formatErrorOf(decode: () => unknown): SnapshotFormatError | undefined {
  try {
    decode()
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(SnapshotFormatError)
    return error as SnapshotFormatError
  }
}

/** Expects that each single bit of `bytes` counts, and each byte of its end, and that nothing may follow it */
export function expectEveryBitCounts(bytes: Uint8Array, decode: (bytes: Uint8Array) => unknown): void {
  const silent: string[] = []
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const damaged = Uint8Array.from(bytes)
    damaged[bit >>> 3] = (damaged[bit >>> 3] ?? 0) ^ (1 << (bit & 7))
    if (formatErrorOf(() => decode(damaged)) === undefined) silent.push(`bit ${bit}`)
  }
  for (let length = 0; length < bytes.length; length++) {
    if (formatErrorOf(() => decode(bytes.slice(0, length))) === undefined) silent.push(`cut at ${length}`)
  }
  for (const more of [1, 4, 64]) {
    const longer = new Uint8Array(bytes.length + more)
    longer.set(bytes)
    if (formatErrorOf(() => decode(longer)) === undefined) silent.push(`${more} more bytes`)
  }
  expect(silent).toEqual([])
}

/**
 * Expects that `decode` takes random bytes, and valid files with random changes whose checksum is made good again, either for what
 * they are, so that `encode` of the result gives the same bytes, or raises a SnapshotFormatError.
 */
export function expectNothingMisread<T>(
  files: fc.Arbitrary<Uint8Array>,
  codec: { readonly decode: (bytes: Uint8Array) => T; readonly encode: (value: T) => Uint8Array },
): void {
  const check = (bytes: Uint8Array): void => {
    let value: { readonly decoded: T } | undefined
    formatErrorOf(() => (value = { decoded: codec.decode(bytes) }))
    if (value !== undefined) expect(codec.encode(value.decoded)).toEqual(bytes)
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), check), { numRuns: 500 })
  const changes = fc.array(fc.tuple(fc.nat(), fc.constantFrom(0, 1, 2, 0x7f, 0xff, 0x41)), {
    minLength: 1,
    maxLength: 4,
  })
  fc.assert(
    fc.property(files, changes, fc.boolean(), (bytes, edits, isSealed) => {
      const changed = Uint8Array.from(bytes)
      for (const [at, byte] of edits) changed[at % changed.length] = byte
      check(isSealed ? seal(changed) : changed)
    }),
    { numRuns: 2000 },
  )
}
