import assert from "node:assert/strict"

import { isSandboxId, toSandboxStatus, type SandboxId, type SandboxStatus } from "@thaw/model"
import type { Selectable } from "kysely"

import type { SandboxesTable } from "./schema/sandboxes-table.ts"

/** A sandbox as the database knows it */
export interface SandboxRecord {
  readonly id: SandboxId
  readonly hostId: string
  readonly template: string
  readonly status: SandboxStatus
  readonly reason: string | undefined
  readonly vcpus: number
  readonly memoryMib: number
  readonly timeoutSec: number
  readonly metadata: Readonly<Record<string, string>>
  readonly revision: number
  readonly createdAt: Date
  readonly startedAt: Date | undefined
  readonly updatedAt: Date
  readonly expiresAt: Date | undefined
}

export function toSandboxRecord(row: Selectable<SandboxesTable>): SandboxRecord {
  const status = toSandboxStatus(row.status)
  assert(status !== undefined, `the database has a sandbox in status "${row.status}"`)
  assert(isSandboxId(row.id), `the database has a sandbox with id "${row.id}"`)
  return {
    id: row.id,
    hostId: row.host_id,
    template: row.template,
    status,
    reason: row.reason ?? undefined,
    vcpus: row.vcpus,
    memoryMib: row.memory_mib,
    timeoutSec: row.timeout_sec,
    metadata: row.metadata,
    revision: row.revision,
    createdAt: row.created_at,
    startedAt: row.started_at ?? undefined,
    updatedAt: row.updated_at,
    expiresAt: row.expires_at ?? undefined,
  }
}
