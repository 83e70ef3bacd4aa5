import { parseTemplateName, sandboxIdFromBytes } from "@thaw/model"
import { describe, expect, it } from "vitest"

import { parseSandboxRecord } from "./sandbox-record.ts"

const valid = {
  formatVersion: 2,
  spec: {
    id: sandboxIdFromBytes(new Uint8Array(17)),
    template: parseTemplateName("base"),
    vcpus: 1,
    memoryMib: 512,
    timeoutSec: 300,
    onTimeout: "pause",
  },
  status: "running",
  reason: "",
  createdAtMs: 1,
  changedAtMs: 2,
  guestToken: "ab".repeat(32),
  startSteps: [{ name: "slot", durationMs: 1.5 }],
  snapshotId: "1m86z3zehrz5jry8",
  layers: ["1m86yxqpgackj0b9"],
  diskBytes: 4096,
  disk: "sealed",
  pause: {
    generation: 2,
    stopMs: 12.5,
    durableMs: 80,
    bytesWritten: 8192,
    steps: [{ name: "freeze", durationMs: 1 }],
  },
  slot: 7,
  vmm: { pid: 10, startTicks: 20 },
}

describe("parseSandboxRecord()", () => {
  it("reads what is written", () => {
    expect(parseSandboxRecord(JSON.stringify(valid))).toEqual(valid)
  })

  it.each([
    ["a later format", { ...valid, formatVersion: 3 }],
    ["an id that is a path", { ...valid, spec: { ...valid.spec, id: "../../etc" } }],
    ["a template that is a path", { ...valid, spec: { ...valid.spec, template: "../base" } }],
    ["an unknown status", { ...valid, status: "frozen" }],
    ["a snapshot that is a path", { ...valid, snapshotId: "../snapshots/x" }],
    ["a layer that is a path", { ...valid, layers: ["../layers/x"] }],
    ["a short token", { ...valid, guestToken: "ab" }],
    ["an unknown field", { ...valid, extra: true }],
  ])("refuses %s", (_name, record) => {
    expect(() => parseSandboxRecord(JSON.stringify(record))).toThrow()
  })

  it("refuses half a file", () => {
    expect(() => parseSandboxRecord(JSON.stringify(valid).slice(0, 50))).toThrow(SyntaxError)
  })
})
