import { PlatformError } from "@thaw/model"
import fc from "fast-check"
import { describe, expect, it } from "vitest"

import { decodeBool, decodeEntry, decodeError, decodeExit, decodeU32 } from "./answer.ts"
import { MalformedPayloadError } from "./payload-reader.ts"
import { PayloadWriter } from "./payload-writer.ts"

const DECODERS = { decodeBool, decodeEntry, decodeError, decodeExit, decodeU32 }

describe.each(Object.entries(DECODERS))("%s()", (_name, decode) => {
  it("takes any bytes a guest may send, or refuses them by name", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(refusalOf(() => decode(bytes))).toSatisfy(isNamedRefusal)
      }),
      { numRuns: 2000 },
    )
  })
})

function refusalOf(work: () => unknown): unknown {
  try {
    work()
    return undefined
  } catch (error) {
    return error
  }
}

function isNamedRefusal(refusal: unknown): boolean {
  return refusal === undefined || refusal instanceof MalformedPayloadError
}

describe("decodeError()", () => {
  it("keeps a code of the platform", () => {
    const payload = new PayloadWriter().bytes("not_found").bytes("no such file").finish()
    expect(decodeError(payload)).toEqual(new PlatformError("not_found", "no such file"))
  })

  it("hides a code it does not know", () => {
    const payload = new PayloadWriter().bytes("weird").bytes("secret text").finish()
    const error = decodeError(payload)
    expect(error.code).toBe("internal")
    expect(error.message).not.toContain("secret text")
  })
})

describe("decodeU32()", () => {
  it("refuses bytes behind the value", () => {
    expect(() => decodeU32(new Uint8Array(5))).toThrow("payload has 1 bytes too many")
  })
})
