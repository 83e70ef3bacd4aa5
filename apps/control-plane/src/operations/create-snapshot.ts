import { randomBytes } from "node:crypto"

import type { CreateSnapshotRequest } from "@thaw/api"
import { PlatformError, type SandboxId } from "@thaw/model"

import type { Context } from "../context.ts"
import { getTemplate, putTemplate } from "../db/queries/templates.ts"
import type { TemplateRecord } from "../db/template-row.ts"
import { toTemplate } from "../hosts/host-template.ts"
import { RPC_TIMEOUTS_MS } from "../hosts/rpc-timeouts.ts"
import { findSandboxFor } from "./find-sandbox.ts"
import { recordOutcome } from "./record-outcome.ts"

const RANDOM_NAME_BYTES = 8

/**
 * Freezes a running or paused sandbox into a snapshot template; the sandbox keeps its status.
 *
 * Snapshots of one sandbox are made one after the other. Raises `already_exists` for the name of a base template, and for that of a
 * snapshot unless it may be overwritten; `wrong_state` while a snapshot of that name is being made or deleted.
 */
export async function createSnapshot(
  context: Context,
  request: CreateSnapshotRequest,
  options: { readonly overwrite: boolean },
): Promise<TemplateRecord> {
  const name = request.name ?? `snap-${randomBytes(RANDOM_NAME_BYTES).toString("hex")}`
  const { id } = await findSandboxFor(context, request.sandbox_id, "snapshot")
  using _name = context.names.acquire(name)
  await checkName(context, name, options)
  return await context.turns.take(`snapshots of ${id}`, async () => {
    // While it waited, anything may have become of it.
    await findSandboxFor(context, id, "snapshot")
    return await context.inFlight.run(id, () => freeze(context, { sandboxId: id, name, ...options }))
  })
}

async function checkName(
  context: Context,
  name: string,
  { overwrite }: { readonly overwrite: boolean },
): Promise<void> {
  const existing = await getTemplate(context.db, name)
  if (existing === undefined || (overwrite && existing.type === "snapshot")) return
  const what = existing.type === "base" ? "base template" : "snapshot"
  throw new PlatformError("already_exists", `${what} "${name}" exists already`)
}

async function freeze(
  context: Context,
  request: { readonly sandboxId: SandboxId; readonly name: string; readonly overwrite: boolean },
): Promise<TemplateRecord> {
  const answer = await context.host.client.createSnapshot(request, {
    timeoutMs: RPC_TIMEOUTS_MS.createSnapshot,
    signal: context.closing,
  })
  const template = toTemplate(answer, context.host.id)
  if (template === undefined || template.name !== request.name) {
    throw new PlatformError("internal", "the host agent gave an answer that makes no sense")
  }
  await recordOutcome(context, template.name, () => putTemplate(context.db, template))
  return template
}
