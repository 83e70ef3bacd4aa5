import { randomBytes } from "node:crypto"

import type { CreateSandboxRequest } from "@thaw/api"
import { LIMITS, PlatformError, sandboxIdFromBytes, type SandboxId } from "@thaw/model"
import type { hostAgent } from "@thaw/rpc"

import type { Context } from "../context.ts"
import { insertSandbox } from "../db/queries/insert-sandbox.ts"
import { setSandboxStatus } from "../db/queries/set-sandbox-status.ts"
import type { SandboxRecord } from "../db/sandbox-row.ts"
import { toHostSandbox } from "../hosts/host-sandbox.ts"
import { RPC_TIMEOUTS_MS } from "../hosts/rpc-timeouts.ts"
import { destroyOnHost } from "./destroy-on-host.ts"
import { findSandbox } from "./find-sandbox.ts"
import { findTemplate } from "./find-template.ts"
import { recordOutcome } from "./record-outcome.ts"

const ID_BYTES = 32

/** What a client asked for, with the size that the sandbox is going to have */
type SizedRequest = CreateSandboxRequest & { readonly vcpus: number; readonly memory_mib: number }

/**
 * Creates a sandbox: row `pending` → `starting` → host agent → `running`. A failure leaves a row in `error` with the reason.
 *
 * Goes on to its end whether or not anyone still waits for the result. When this process ends meanwhile, the row stays `starting` and the
 * next one settles it by what the host then says.
 */
export async function createSandbox(context: Context, asked: CreateSandboxRequest): Promise<SandboxRecord> {
  const request = await sizeRequest(context, asked)
  checkCapacity(context.host.info, request)
  const id = sandboxIdFromBytes(randomBytes(ID_BYTES))
  return await context.inFlight.run(id, async () => {
    const starting = await recordStart(context, id, request)
    const sandbox = await createOnHost(context, starting, request)
    const running = await recordRunning(context, starting, sandbox)
    return running ?? (await settleOvertaken(context, id))
  })
}

/** A snapshot brings the size of the sandbox that was frozen. Raises `not_found` for an unknown template. */
async function sizeRequest(context: Context, request: CreateSandboxRequest): Promise<SizedRequest> {
  const template = await findTemplate(context, request.template)
  return {
    ...request,
    vcpus: template.vcpus ?? request.vcpus ?? LIMITS.vcpusDefault,
    memory_mib: template.memoryMib ?? request.memory_mib ?? LIMITS.memoryMibDefault,
  }
}

/** Refuses what no sandbox on the host can have, before anything is recorded */
function checkCapacity(host: hostAgent.Host | undefined, request: SizedRequest): void {
  if (host === undefined) return
  if (request.vcpus > host.vcpusMax) {
    throw new PlatformError("invalid_argument", `vcpus is ${request.vcpus}, the host has ${host.vcpusMax}`)
  }
  if (request.memory_mib > host.memoryMibMax) {
    throw new PlatformError(
      "invalid_argument",
      `memory_mib is ${request.memory_mib}, the host has ${host.memoryMibMax}`,
    )
  }
}

async function recordStart(context: Context, id: SandboxId, request: SizedRequest): Promise<SandboxRecord> {
  const pending = await insertSandbox(context.db, {
    id,
    hostId: context.host.id,
    template: request.template,
    vcpus: request.vcpus,
    memoryMib: request.memory_mib,
    timeoutSec: request.timeout_sec,
    onTimeout: request.on_timeout,
    metadata: request.metadata,
  })
  const starting = await setSandboxStatus(context.db, pending, { to: "starting" })
  if (starting === undefined) throw overtaken(await findSandbox(context, id))
  return starting
}

async function createOnHost(
  context: Context,
  starting: SandboxRecord,
  request: CreateSandboxRequest,
): Promise<hostAgent.Sandbox> {
  const spec = {
    sandboxId: starting.id,
    template: starting.template,
    vcpus: starting.vcpus,
    memoryMib: starting.memoryMib,
    timeoutSec: starting.timeoutSec,
    onTimeout: starting.onTimeout,
    envs: request.envs,
  }
  try {
    return await context.host.client.createSandbox(
      { spec },
      { timeoutMs: RPC_TIMEOUTS_MS.createSandbox, signal: context.closing },
    )
  } catch (thrown) {
    const error = PlatformError.from(thrown)
    // A process that is going down knows nothing about the outcome: the next one asks the host.
    if (!context.closing.aborted) {
      await setSandboxStatus(context.db, starting, { to: "error", reason: error.message })
    }
    throw error
  }
}

/** A database that is away for a moment must not cost a sandbox that runs */
async function recordRunning(
  context: Context,
  starting: SandboxRecord,
  answer: hostAgent.Sandbox,
): Promise<SandboxRecord | undefined> {
  const seen = toHostSandbox(answer)
  const change = {
    to: "running",
    startedAt: new Date(),
    expiresAt: seen?.expiresAt ?? null,
    hostChangedAt: seen?.changedAt,
  } as const
  return await recordOutcome(context, starting.id, () => setSandboxStatus(context.db, starting, change))
}

/** The sandbox runs, but its row is no longer as this create left it */
async function settleOvertaken(context: Context, id: SandboxId): Promise<SandboxRecord> {
  const current = await findSandbox(context, id)
  // Another control plane on the same database has seen it run.
  if (current.status === "running") return current
  await destroyOnHost(context, id)
  throw overtaken(current)
}

function overtaken(current: SandboxRecord): PlatformError {
  return new PlatformError("wrong_state", `sandbox "${current.id}" was deleted while it was being created`, {
    details: { status: current.status },
  })
}
