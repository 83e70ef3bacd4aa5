import { describe, expect, test } from "vitest"

import {
  CreateSnapshotQuerySchema,
  CreateSnapshotRequestSchema,
  formatCreateSnapshotQuery,
} from "./create-snapshot.ts"
import { ListSnapshotsQuerySchema, formatListSnapshotsQuery } from "./list-snapshots.ts"

const readQuery = (query: string) => Object.fromEntries(new URLSearchParams(query))

describe("CreateSnapshotRequestSchema", () => {
  test.each([[{ sandbox_id: "x" }], [{ sandbox_id: "x", name: "my.snap-1" }]])("%j is taken", (body) => {
    expect(CreateSnapshotRequestSchema.parse(body)).toEqual(body)
  })

  test.each([
    [{}],
    [{ sandbox_id: 1 }],
    [{ sandbox_id: "x", name: "" }],
    [{ sandbox_id: "x", name: "../a" }],
    [{ sandbox_id: "x", name: "a..b" }],
    [{ sandbox_id: "x", name: "a".repeat(65) }],
    [{ sandbox_id: "x", overwrite: true }],
  ])("%j is refused", (body) => {
    expect(CreateSnapshotRequestSchema.safeParse(body).success).toBe(false)
  })
})

describe("CreateSnapshotQuerySchema", () => {
  test.each([true, false])("reads overwrite %j as it is written", (overwrite) => {
    const query = readQuery(formatCreateSnapshotQuery({ overwrite }))
    expect(CreateSnapshotQuerySchema.parse(query)).toEqual({ overwrite })
  })

  test.each([[{ overwrite: "" }], [{ overwrite: "1" }], [{ overwrite: ["true", "true"] }], [{ other: "x" }]])(
    "%j is refused",
    (query) => {
      expect(CreateSnapshotQuerySchema.safeParse(query).success).toBe(false)
    },
  )
})

describe("ListSnapshotsQuerySchema", () => {
  test.each([[{}], [{ type: "base" }], [{ type: "snapshot" }]] as const)("reads %j as written", (filter) => {
    const query = readQuery(formatListSnapshotsQuery(filter))
    expect(ListSnapshotsQuerySchema.parse(query)).toEqual(filter)
  })

  test.each([[{ type: "" }], [{ type: "other" }], [{ type: ["base", "snapshot"] }], [{ limit: "1" }]])(
    "%j is refused",
    (query) => {
      expect(ListSnapshotsQuerySchema.safeParse(query).success).toBe(false)
    },
  )
})
