import { LIMITS } from "@thaw/model"
import { describe, expect, test } from "vitest"

import { CreateSandboxRequestSchema } from "./create-sandbox.ts"

describe("CreateSandboxRequestSchema", () => {
  test("defaults are filled in, but for the size, which the template may decide", () => {
    expect(CreateSandboxRequestSchema.parse({})).toEqual({
      template: "base",
      timeout_sec: LIMITS.timeoutSecDefault,
      on_timeout: "destroy",
      metadata: {},
      envs: {},
    })
  })

  test.each([
    [{ on_timeout: "stop" }],
    [{ vcpus: 0 }],
    [{ memory_mib: LIMITS.memoryMibMin - 1 }],
    [{ template: "a/b" }],
    [{ other: 1 }],
  ])("%j is refused", (body) => {
    expect(CreateSandboxRequestSchema.safeParse(body).success).toBe(false)
  })
})
