import type { OnTimeout } from "@thaw/model"

import { toSandboxRecord, type SandboxRecord } from "../sandbox-row.ts"
import type { Database } from "../schema/database.ts"

/** How long a sandbox lives without activity, and what then happens */
export interface LifetimeRule {
  readonly timeoutSec: number
  readonly onTimeout: OnTimeout
}

/** The same with what has come of it, as the host has it */
export interface Lifetime extends LifetimeRule {
  /** Undefined: never */
  readonly expiresAt: Date | undefined
}

/**
 * Records that a client has changed a sandbox's lifetime, by compare-and-set on its status.
 *
 * The revision stays: it is that of the status, and a pause that is about to begin must not fail because of this.
 *
 * @param from The sandbox as it was read
 * @returns The sandbox after the change; undefined when its status has changed since it was read
 */
export async function setLifetime(
  db: Database,
  from: SandboxRecord,
  lifetime: Lifetime,
): Promise<SandboxRecord | undefined> {
  const row = await db
    .updateTable("sandboxes")
    .set({ ...toColumns(lifetime), updated_at: new Date() })
    .where("id", "=", from.id)
    .where("revision", "=", from.revision)
    .returningAll()
    .executeTakeFirst()
  return row === undefined ? undefined : toSandboxRecord(row)
}

/**
 * Takes over the lifetime that the host reports, unless status or lifetime have changed since the row was read.
 *
 * Activity moves the end of a sandbox all the time: it is no change of the sandbox, so neither the revision nor `updated_at` move with it.
 */
export async function followLifetime(db: Database, from: SandboxRecord, lifetime: Lifetime): Promise<void> {
  await db
    .updateTable("sandboxes")
    .set(toColumns(lifetime))
    .where("id", "=", from.id)
    .where("revision", "=", from.revision)
    .where("timeout_sec", "=", from.timeoutSec)
    .where("on_timeout", "=", from.onTimeout)
    .where("expires_at", "is not distinct from", from.expiresAt ?? null)
    .execute()
}

function toColumns({ timeoutSec, onTimeout, expiresAt }: Lifetime) {
  return { timeout_sec: timeoutSec, on_timeout: onTimeout, expires_at: expiresAt ?? null }
}
