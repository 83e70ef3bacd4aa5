import type { OnTimeout, SandboxId } from "@thaw/model"

import { toSandboxRecord, type SandboxRecord } from "../sandbox-row.ts"
import type { Database } from "../schema/database.ts"

export interface NewSandbox {
  readonly id: SandboxId
  readonly hostId: string
  readonly template: string
  readonly vcpus: number
  readonly memoryMib: number
  readonly timeoutSec: number
  readonly onTimeout: OnTimeout
  readonly metadata: Readonly<Record<string, string>>
}

/** Records a sandbox that is to be created, as `pending` */
export async function insertSandbox(db: Database, sandbox: NewSandbox): Promise<SandboxRecord> {
  const now = new Date()
  const row = await db
    .insertInto("sandboxes")
    .values({
      id: sandbox.id,
      host_id: sandbox.hostId,
      template: sandbox.template,
      status: "pending",
      reason: null,
      vcpus: sandbox.vcpus,
      memory_mib: sandbox.memoryMib,
      timeout_sec: sandbox.timeoutSec,
      on_timeout: sandbox.onTimeout,
      metadata: JSON.stringify(sandbox.metadata),
      pause: null,
      revision: 0,
      created_at: now,
      started_at: null,
      updated_at: now,
      expires_at: null,
      host_changed_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return toSandboxRecord(row)
}
