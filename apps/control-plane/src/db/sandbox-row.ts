import assert from "node:assert/strict"

import type { PauseReportBody } from "@thaw/api"
import {
  isSandboxId,
  toOnTimeout,
  toSandboxStatus,
  type OnTimeout,
  type SandboxId,
  type SandboxStatus,
} from "@thaw/model"
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
  readonly onTimeout: OnTimeout
  readonly metadata: Readonly<Record<string, string>>
  /** The last pause; undefined until there was one */
  readonly pause: PauseReportBody | undefined
  readonly revision: number
  readonly createdAt: Date
  readonly startedAt: Date | undefined
  readonly updatedAt: Date
  readonly expiresAt: Date | undefined
  /** By the host's clock, when the status that it last reported and that counted here began */
  readonly hostChangedAt: Date | undefined
}

export function toSandboxRecord(row: Selectable<SandboxesTable>): SandboxRecord {
  const status = toSandboxStatus(row.status)
  const onTimeout = toOnTimeout(row.on_timeout)
  assert(status !== undefined, `the database has a sandbox in status "${row.status}"`)
  assert(onTimeout !== undefined, `the database has a sandbox with on_timeout "${row.on_timeout}"`)
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
    onTimeout,
    metadata: row.metadata,
    pause: row.pause ?? undefined,
    revision: row.revision,
    createdAt: row.created_at,
    startedAt: row.started_at ?? undefined,
    updatedAt: row.updated_at,
    expiresAt: row.expires_at ?? undefined,
    hostChangedAt: row.host_changed_at ?? undefined,
  }
}
