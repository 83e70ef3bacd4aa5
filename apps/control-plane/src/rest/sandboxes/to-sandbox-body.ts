import type { SandboxBody } from "@thaw/api"

import type { SandboxRecord } from "../../db/sandbox-row.ts"

/** A sandbox as the wire has it */
export function toSandboxBody(sandbox: SandboxRecord): SandboxBody {
  const { startedAt, expiresAt, reason, pause } = sandbox
  return {
    id: sandbox.id,
    status: sandbox.status,
    template: sandbox.template,
    vcpus: sandbox.vcpus,
    memory_mib: sandbox.memoryMib,
    timeout_sec: sandbox.timeoutSec,
    on_timeout: sandbox.onTimeout,
    metadata: sandbox.metadata,
    created_at: sandbox.createdAt.toISOString(),
    ...(startedAt === undefined ? {} : { started_at: startedAt.toISOString() }),
    updated_at: sandbox.updatedAt.toISOString(),
    ...(expiresAt === undefined ? {} : { expires_at: expiresAt.toISOString() }),
    ...(reason === undefined ? {} : { reason }),
    ...(pause === undefined ? {} : { pause }),
  }
}
