import { link } from "node:fs/promises"

import { PlatformError, type TemplateName } from "@thaw/model"

import { carryWorkingSet } from "../snapshot/carry-working-set.ts"
import type { NamedTemplate } from "../snapshot/name-registry.ts"
import type { Snapshot } from "../snapshot/read-snapshot.ts"
import type { SnapshotDraft } from "../snapshot/snapshot-draft.ts"
import type { SnapshotVmm } from "../snapshot/snapshot-manifest.ts"
import type { Machine } from "./machine.ts"
import { describeVmm, openParent, planFacts } from "./pause-machine.ts"
import type { SandboxDeps } from "./sandbox-deps.ts"
import type { SandboxRecord } from "./sandbox-record.ts"
import { saveMachine } from "./save-machine.ts"
import type { Steps } from "./steps.ts"

export interface SnapshotRequest {
  readonly name: TemplateName
  readonly overwrite: boolean
}

interface SnapshotOptions {
  readonly record: SandboxRecord
  readonly request: SnapshotRequest
  readonly steps: Steps
}

export interface SnapshotRunningOptions extends SnapshotOptions {
  readonly machine: Machine
  /** Lets the machine run on, whatever happened to the snapshot */
  readonly runOn: () => Promise<void>
}

/** Freezes a running machine into a template; it stands still while its state, changed memory and disk are copied */
export async function snapshotRunning(
  deps: SandboxDeps,
  options: SnapshotRunningOptions,
): Promise<NamedTemplate> {
  const { record, machine, request, steps, runOn } = options
  await requireFreeName(deps, request)
  const parent = await openParent(deps, record)
  await using draft = await deps.snapshots.begin({ parentId: parent?.id, layers: record.layers })
  const { id, memoryMib } = record.spec
  const disk = { store: deps.rootfs, directory: deps.journal.directoryOf(id) }
  let saved
  try {
    saved = await saveMachine(deps.pager, { id, memoryMib, machine, draft, parent, steps, disk })
  } finally {
    await steps.run("run", runOn)
  }
  return await publishTemplate(deps, options, {
    draft,
    parent,
    vmm: describeVmm(deps.vmm),
    stopMs: saved.stopMs,
  })
}

/** Makes a template of what a paused sandbox is paused at; only its disk is copied */
export async function snapshotPaused(deps: SandboxDeps, options: SnapshotOptions): Promise<NamedTemplate> {
  const { record, request, steps } = options
  await requireFreeName(deps, request)
  const paused = await openParent(deps, record)
  if (paused === undefined) throw new PlatformError("data_loss", "the sandbox's snapshot is not on record")
  await using draft = await deps.snapshots.begin({ parentId: paused.id, layers: record.layers })
  await steps.run("state", async () => {
    await link(paused.statePath, draft.statePath)
    await link(paused.headerPath, draft.headerPath)
  })
  const directory = deps.journal.directoryOf(record.spec.id)
  await steps.run("disk", async () => await deps.rootfs.copyLayer(directory, draft.layerPath))
  const frozen = { ...record, guestToken: paused.manifest.guestToken }
  return await publishTemplate(
    deps,
    { ...options, record: frozen },
    {
      draft,
      parent: paused,
      vmm: paused.manifest.vmm,
      stopMs: 0,
    },
  )
}

/** The new template is there before the one it replaces goes */
async function publishTemplate(
  deps: SandboxDeps,
  { record, request, steps }: SnapshotOptions,
  made: {
    readonly draft: SnapshotDraft
    readonly parent: Snapshot | undefined
    /** What froze it */
    readonly vmm: SnapshotVmm
    readonly stopMs: number
  },
): Promise<NamedTemplate> {
  const { draft, parent, stopMs } = made
  const { isFlattened } = await steps.run("layer", async () => await deps.rootfs.finishLayer(draft.layerPath))
  const snapshot = await steps.run("publish", async () => {
    if (parent !== undefined) await carryWorkingSet(parent, draft)
    const facts = planFacts(made.vmm, isFlattened ? { ...record, layers: [] } : record, parent)
    return await draft.publish({ ...facts, rootfs: { sizeBytes: record.diskBytes } })
  })
  return await steps.run("name", async () => {
    const { template: parent, id: sandboxId, vcpus, memoryMib } = record.spec
    const source = { sandboxId, parent, stopMs, vcpus, memoryMib }
    const entry = { name: request.name, snapshotId: snapshot.id, createdAtMs: Date.now(), ...source }
    const { names } = deps.snapshots
    return request.overwrite ? await names.replace(entry) : await names.create(entry)
  })
}

/** Raises `already_exists`; base templates are never replaced */
async function requireFreeName(deps: SandboxDeps, { name, overwrite }: SnapshotRequest): Promise<void> {
  if ((await deps.templates.list()).some((template) => template.name === name)) {
    throw new PlatformError("already_exists", `"${name}" is a base template`, { details: { name } })
  }
  if (!overwrite && (await deps.snapshots.names.find(name)) !== undefined) {
    throw new PlatformError("already_exists", `snapshot "${name}" exists`, { details: { name } })
  }
}
