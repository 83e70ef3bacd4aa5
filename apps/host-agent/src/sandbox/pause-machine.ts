import { carryWorkingSet } from "../snapshot/carry-working-set.ts"
import type { Snapshot } from "../snapshot/read-snapshot.ts"
import type { SnapshotFacts } from "../snapshot/snapshot-draft.ts"
import type { SnapshotVmm } from "../snapshot/snapshot-manifest.ts"
import type { VmmDriver } from "../vmm/vmm.ts"
import type { Machine } from "./machine.ts"
import type { SandboxDeps } from "./sandbox-deps.ts"
import type { SandboxRecord } from "./sandbox-record.ts"
import { saveMachine, type SavedMachine } from "./save-machine.ts"
import type { Steps } from "./steps.ts"

export interface PauseOptions {
  readonly record: SandboxRecord
  readonly machine: Machine
  readonly steps: Steps
}

/** A frozen machine that is on disk. Disposing lets the snapshot go unless a record names it by then. */
export interface PausedMachine extends AsyncDisposable {
  readonly snapshotId: string
  readonly saved: SavedMachine
}

/** Freezes a machine and puts all but its disk into a snapshot. It stays frozen, also after a failure: the caller lets it run on, or ends it. */
export async function pauseMachine(deps: SandboxDeps, options: PauseOptions): Promise<PausedMachine> {
  const { record, machine, steps } = options
  const parent = await openParent(deps, record)
  await using stack = new AsyncDisposableStack()
  const draft = stack.use(await deps.snapshots.begin({ parentId: parent?.id, layers: record.layers }))
  const { id, memoryMib } = record.spec
  const saved = await saveMachine(deps.pager, { id, memoryMib, machine, draft, parent, steps })
  await steps.run("publish", async () => {
    if (parent !== undefined) await carryWorkingSet(parent, draft)
    await draft.publish(planFacts(describeVmm(deps.vmm), record, parent))
  })
  const owned = stack.move()
  return { snapshotId: draft.id, saved, [Symbol.asyncDispose]: async () => await owned.disposeAsync() }
}

/** What a running sandbox was restored from */
export async function openParent(deps: SandboxDeps, record: SandboxRecord): Promise<Snapshot | undefined> {
  return record.snapshotId === undefined ? undefined : await deps.snapshots.open(record.snapshotId)
}

/** What a snapshot that is frozen now is of */
export function describeVmm({ name, version, accelerator }: VmmDriver): SnapshotVmm {
  return { name, version, accelerator }
}

/** What a snapshot of a sandbox says beside its files */
export function planFacts(
  vmm: SnapshotVmm,
  record: SandboxRecord,
  parent: Snapshot | undefined,
): SnapshotFacts {
  const templateBuild = parent?.manifest.templateBuild
  return {
    vmm,
    vcpus: record.spec.vcpus,
    memoryMib: record.spec.memoryMib,
    template: record.spec.template,
    ...(templateBuild === undefined ? {} : { templateBuild }),
    guestToken: record.guestToken,
    layers: [...record.layers],
  }
}
