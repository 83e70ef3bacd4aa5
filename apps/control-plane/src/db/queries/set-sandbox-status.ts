import assert from "node:assert/strict"

import type { PauseReportBody } from "@thaw/api"
import { canFollow, type SandboxStatus } from "@thaw/model"

import { toSandboxRecord, type SandboxRecord } from "../sandbox-row.ts"
import type { Database } from "../schema/database.ts"
import type { LifetimeRule } from "./set-lifetime.ts"

export interface StatusChange {
  readonly to: SandboxStatus
  /** Undefined clears it */
  readonly reason?: string | undefined
  /** Here and below, undefined leaves it as it is */
  readonly startedAt?: Date | undefined
  /** Null: never */
  readonly expiresAt?: Date | null | undefined
  readonly lifetime?: LifetimeRule | undefined
  readonly pause?: PauseReportBody | undefined
  readonly hostChangedAt?: Date | undefined
}

/**
 * Changes a sandbox's status by compare-and-set: the only way a status changes.
 *
 * @param from The sandbox as it was read
 * @returns The sandbox after the change; undefined when someone else has changed it since it was read
 */
export async function setSandboxStatus(
  db: Database,
  from: SandboxRecord,
  change: StatusChange,
): Promise<SandboxRecord | undefined> {
  assert(canFollow(from.status, change.to), `status "${change.to}" cannot follow "${from.status}"`)
  const row = await db
    .updateTable("sandboxes")
    .set({
      status: change.to,
      reason: change.reason ?? null,
      revision: from.revision + 1,
      updated_at: new Date(),
      ...(change.startedAt === undefined ? {} : { started_at: change.startedAt }),
      ...(change.expiresAt === undefined ? {} : { expires_at: change.expiresAt }),
      ...(change.lifetime === undefined
        ? {}
        : { timeout_sec: change.lifetime.timeoutSec, on_timeout: change.lifetime.onTimeout }),
      ...(change.pause === undefined ? {} : { pause: JSON.stringify(change.pause) }),
      ...(change.hostChangedAt === undefined ? {} : { host_changed_at: change.hostChangedAt }),
    })
    .where("id", "=", from.id)
    .where("status", "=", from.status)
    .where("revision", "=", from.revision)
    .returningAll()
    .executeTakeFirst()
  return row === undefined ? undefined : toSandboxRecord(row)
}
