import { LIMITS } from "@thaw/model"
import { describe, expect, test } from "vitest"
import { z } from "zod"

import { ExecRequestSchema } from "../exec/exec.ts"
import { CreateSandboxRequestSchema } from "../sandbox/create-sandbox.ts"

describe("counted()", () => {
  test.each(["envs", "metadata"])(
    "far too many %s are one mistake, found without looking at each",
    (name) => {
      const entries = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [String(index), 0]))
      const { error } = CreateSandboxRequestSchema.safeParse({ [name]: entries })
      expect(error?.issues).toMatchObject([{ path: [name], message: expect.stringContaining("at most") }])
    },
  )

  test("so are far too many arguments", () => {
    const { error } = ExecRequestSchema.safeParse({ cmd: "echo", args: Array(100_000).fill(0) })
    expect(error?.issues).toMatchObject([{ path: ["args"] }])
  })

  test("as many as are allowed are taken, and each is checked", () => {
    const args = Array<string>(LIMITS.argsMax).fill("x")
    expect(ExecRequestSchema.parse({ cmd: "echo", args }).args).toEqual(args)
    expect(ExecRequestSchema.safeParse({ cmd: "echo", args: [1, 2] }).error?.issues).toHaveLength(2)
    for (const args of [{}, "x", 1, null]) {
      expect(ExecRequestSchema.safeParse({ cmd: "echo", args }).success).toBe(false)
    }
  })

  test("documents describe what is counted", () => {
    const document = z.toJSONSchema(CreateSandboxRequestSchema, { io: "input" })
    expect(document.properties?.["envs"]).toMatchObject({ type: "object" })
  })
})
