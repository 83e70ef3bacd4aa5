import { create } from "@bufbuild/protobuf"
import { FileEntrySchema } from "@thaw/api"
import { hostAgent } from "@thaw/rpc"
import { expect, test } from "vitest"

import { toFileEntryBody } from "./to-file-entry-body.ts"

test.each([0n, 2n ** 63n - 1n, -(2n ** 63n)])(
  "whatever size and time a guest gives a file is told: %d",
  (value) => {
    const size = value < 0n ? 2n ** 64n - 1n : value
    const entry = create(hostAgent.FileEntrySchema, { type: "file", size, modifiedAtMs: value })
    expect(FileEntrySchema.safeParse(toFileEntryBody(entry)).error).toBeUndefined()
  },
)
