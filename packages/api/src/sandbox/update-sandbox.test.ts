import { LIMITS } from "@thaw/model"
import { describe, expect, test } from "vitest"

import { UpdateSandboxRequestSchema } from "./update-sandbox.ts"

describe("UpdateSandboxRequestSchema", () => {
  test.each([
    [{ timeout_sec: 0 }],
    [{ timeout_sec: LIMITS.timeoutSecMax }],
    [{ on_timeout: "pause" }],
    [{ metadata: {} }],
    [{ timeout_sec: 60, on_timeout: "destroy", metadata: { a: "b" } }],
  ])("%j is taken as it is", (body) => {
    expect(UpdateSandboxRequestSchema.parse(body)).toEqual(body)
  })

  test.each([
    [{}],
    [{ timeout_sec: undefined }],
    [{ timeout_sec: -1 }],
    [{ timeout_sec: LIMITS.timeoutSecMax + 1 }],
    [{ timeout_sec: 1.5 }],
    [{ timeout_sec: null }],
    [{ on_timeout: "stop" }],
    [{ on_timeout: "" }],
    [{ metadata: { a: 1 } }],
    [{ metadata: { "": "x" } }],
    [{ metadata: Object.fromEntries(Array.from({ length: 65 }, (_, index) => [String(index), ""])) }],
    [{ timeout_sec: 1, vcpus: 2 }],
    [[]],
    [null],
  ])("%j is refused", (body) => {
    expect(UpdateSandboxRequestSchema.safeParse(body).success).toBe(false)
  })

  test("an empty body is told what it may hold", () => {
    const { error } = UpdateSandboxRequestSchema.safeParse({})
    expect(error?.issues[0]?.message).toBe("must have at least one of timeout_sec, on_timeout and metadata")
  })
})
