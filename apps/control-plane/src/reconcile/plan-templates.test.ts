import { expect, test } from "vitest"

import type { TemplateRecord } from "../db/template-row.ts"
import { planTemplates } from "./plan-templates.ts"

function template(name: string, sizeBytes = 1): TemplateRecord {
  return {
    name,
    hostId: "default",
    type: "snapshot",
    vcpus: 1,
    memoryMib: 512,
    sizeBytes,
    createdAt: new Date(0),
    parent: "base",
    sandboxId: undefined,
    stopMs: 5,
  }
}

test("what is new or other is put, what is gone is removed, what is the same stays", () => {
  const plan = planTemplates({
    rows: [template("same"), template("other", 1), template("gone")],
    listed: [template("same"), template("other", 2), template("new")],
    busy: new Set(),
  })
  expect(plan).toEqual({ put: [template("other", 2), template("new")], remove: ["gone"] })
})

test("what someone is making or deleting is left to them", () => {
  const plan = planTemplates({
    rows: [template("made")],
    listed: [template("deleted")],
    busy: new Set(["made", "deleted"]),
  })
  expect(plan).toEqual({ put: [], remove: [] })
})
