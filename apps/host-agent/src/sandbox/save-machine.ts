import { MIB } from "@thaw/model"

import type { Pager } from "../pager/pager.ts"
import type { RootfsStore } from "../rootfs/rootfs-store.ts"
import type { Snapshot } from "../snapshot/read-snapshot.ts"
import type { SnapshotDraft } from "../snapshot/snapshot-draft.ts"
import type { Machine } from "./machine.ts"
import type { Steps } from "./steps.ts"

export interface SaveOptions {
  readonly id: string
  readonly memoryMib: number
  readonly machine: Machine
  readonly draft: SnapshotDraft
  /** What the VM was restored from; undefined for one that was booted */
  readonly parent: Snapshot | undefined
  readonly steps: Steps
  /** Copies the disk too, for other sandboxes to build on */
  readonly disk?: { readonly store: RootfsStore; readonly directory: string }
}

export interface SavedMachine {
  readonly generation: number
  /** What build and header occupy on disk */
  readonly bytesWritten: number
  /** From the freeze of the vCPUs on */
  readonly stopMs: number
}

/** Copying the memory of the largest guest to a slow disk */
const CAPTURE_TIMEOUT_MS = 600_000

/**
 * Freezes a running VM and writes its state, the memory that differs from its parent's and, when asked, its disk into a draft.
 *
 * The VM stays frozen, also after a failure: the caller lets it run on, or ends it.
 *
 * @throws {PlatformError} `capacity_exhausted` when the host's disk is full
 */
export async function saveMachine(pager: Pager, options: SaveOptions): Promise<SavedMachine> {
  const { id, machine, draft, parent, steps, disk } = options
  const frozenAt = performance.now()
  await steps.run("freeze", async () => await machine.vm.freeze())
  await steps.run("state", async () => await machine.vm.saveState(draft.statePath))
  const captured = await steps.run("capture", async () => {
    const request = {
      memoryPath: machine.memoryPath,
      memoryBytes: BigInt(options.memoryMib * MIB),
      parentHeaderPath: parent?.headerPath ?? "",
      buildsDir: draft.buildsDir,
      buildId: draft.buildId,
      headerPath: draft.headerPath,
      attachmentId: parent === undefined ? "" : id,
    }
    return await pager.call(
      async (client) => await client.capture(request, { timeoutMs: CAPTURE_TIMEOUT_MS }),
    )
  })
  if (disk !== undefined) {
    await steps.run("disk", async () => await disk.store.copyLayer(disk.directory, draft.layerPath))
  }
  return {
    generation: captured.generation,
    bytesWritten: Number(captured.bytesWritten),
    stopMs: Math.round((performance.now() - frozenAt) * 10) / 10,
  }
}
