import { sandboxIdFromBytes, type SandboxStatus } from "@thaw/model"

import type { SandboxRecord } from "../db/sandbox-row.ts"
import type { HostSandbox } from "../hosts/host-sandbox.ts"

export const NOW = new Date("2026-01-01T12:00:00.000Z")
export const BEFORE_START = new Date("2026-01-01T10:00:00.000Z")
export const STARTED = new Date("2026-01-01T11:00:00.000Z")
export const ID = sandboxIdFromBytes(new Uint8Array(32))

export const REPORT = {
  generation: 0,
  stop_ms: 7,
  durable_ms: 30,
  bytes_written: 4096,
  at: STARTED.toISOString(),
  steps: [],
}

/** A sandbox in the database */
export function row(status: SandboxStatus, more: Partial<SandboxRecord> = {}): SandboxRecord {
  return {
    id: ID,
    hostId: "default",
    template: "base",
    status,
    reason: undefined,
    vcpus: 1,
    memoryMib: 512,
    timeoutSec: 300,
    onTimeout: "destroy",
    metadata: {},
    pause: undefined,
    revision: 3,
    createdAt: BEFORE_START,
    startedAt: BEFORE_START,
    updatedAt: BEFORE_START,
    expiresAt: undefined,
    hostChangedAt: BEFORE_START,
    ...more,
  }
}

/** What a host says of it */
export function seen(status: SandboxStatus, more: Partial<HostSandbox> = {}): HostSandbox {
  return {
    id: ID,
    status,
    reason: undefined,
    changedAt: STARTED,
    timeoutSec: 300,
    onTimeout: "destroy",
    expiresAt: undefined,
    pause: status === "paused" ? REPORT : undefined,
    ...more,
  }
}
