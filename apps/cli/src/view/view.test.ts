import type { SandboxBody, TemplateBody } from "@thaw/api"
import { describe, expect, it } from "vitest"

import { formatSandboxes } from "../commands/sandbox-ls.ts"
import { formatSnapshots } from "../commands/snapshot-ls.ts"
import { describeLife } from "./describe-life.ts"
import { formatPause } from "./format-pause.ts"
import { formatSandbox } from "./format-sandbox.ts"

const CREATED_AT = "2030-01-01T00:00:00.000Z"
const NOW_MS = Date.parse("2030-01-01T00:10:00.000Z")

const RUNNING: SandboxBody = {
  id: "sbxaaaaaaaaaaaaaaaaa",
  status: "running",
  template: "base",
  vcpus: 1,
  memory_mib: 512,
  timeout_sec: 300,
  on_timeout: "destroy",
  metadata: { team: "x" },
  created_at: CREATED_AT,
  updated_at: CREATED_AT,
  expires_at: "2030-01-01T00:12:05.000Z",
}

const PAUSE = {
  generation: 2,
  stop_ms: 31.4,
  durable_ms: 210,
  bytes_written: 4 * 1024 * 1024,
  at: "2030-01-01T00:07:00.000Z",
  steps: [
    { name: "freeze", duration_ms: 2.2 },
    { name: "capture", duration_ms: 1500 },
  ],
}

const { expires_at: _expiry, ...UNLIMITED } = RUNNING
const PAUSED: SandboxBody = { ...UNLIMITED, status: "paused", pause: PAUSE }

describe("describeLife()", () => {
  it.each<[string, SandboxBody]>([
    ["ends in 2 min 5 s", RUNNING],
    ["pauses in 2 min 5 s", { ...RUNNING, on_timeout: "pause" }],
    ["ends in 0 ms", { ...RUNNING, expires_at: CREATED_AT }],
    ["", UNLIMITED],
    ["pauses in 2 min 5 s", { ...RUNNING, on_timeout: "pause", pause: PAUSE }],
    ["paused 3 min 0 s ago, generation 2", PAUSED],
    ["", { ...UNLIMITED, status: "resuming", pause: PAUSE }],
    ["the VMM ended", { ...RUNNING, status: "error", reason: "the VMM ended" }],
  ])("%j", (text, sandbox) => {
    expect(describeLife(sandbox, NOW_MS)).toBe(text)
  })
})

it("sums up a pause in one line", () => {
  expect(formatPause(PAUSE)).toBe(
    "generation 2, stopped the guest for 31 ms, on disk after 210 ms, 4.0 MiB written",
  )
})

it("shows a sandbox with its pause", () => {
  const text = formatSandbox(PAUSED)
  expect(text).toMatch(/^status +paused$/m)
  expect(text).toMatch(/^metadata +\{"team":"x"\}$/m)
  expect(text).toMatch(/^last pause +2030-01-01T00:07:00.000Z: generation 2, stopped the guest for 31 ms/m)
  expect(text).toMatch(/^its steps +freeze 2 ms, capture 1.5 s$/m)
  expect(formatSandbox(RUNNING)).not.toContain("pause")
})

it("lists sandboxes with what comes next", () => {
  expect(formatSandboxes([PAUSED], NOW_MS).split("\n")).toEqual([
    "ID                    STATUS  TEMPLATE  VCPUS  MEMORY MIB  AGE         LIFE                                METADATA",
    "sbxaaaaaaaaaaaaaaaaa  paused  base      1      512         10 min 0 s  paused 3 min 0 s ago, generation 2  team=x",
    "",
  ])
})

it("lists templates of both types", () => {
  const base: TemplateBody = { name: "base", type: "base", size_bytes: 2048, created_at: CREATED_AT }
  const snapshot: TemplateBody = {
    ...base,
    name: "snap",
    type: "snapshot",
    vcpus: 2,
    memory_mib: 256,
    parent: "base",
    sandbox_id: "sbx1",
  }
  expect(formatSnapshots([base, snapshot], NOW_MS).split("\n")).toEqual([
    "NAME  TYPE      VCPUS  MEMORY MIB  ON DISK  AGE         PARENT  SANDBOX",
    "base  base      any    any         2.0 KiB  10 min 0 s",
    "snap  snapshot  2      256         2.0 KiB  10 min 0 s  base    sbx1",
    "",
  ])
})
