import { PlatformError } from "@thaw/model"

import { checkRestorable } from "../snapshot/check-restorable.ts"
import type { Snapshot } from "../snapshot/read-snapshot.ts"
import type { SandboxDeps } from "./sandbox-deps.ts"
import type { SandboxSpec } from "./sandbox-spec.ts"

/** A snapshot that stays as long as this is not disposed */
export interface HeldSnapshot extends Disposable {
  readonly snapshot: Snapshot
}

/**
 * Opens a snapshot for a restore on this host.
 *
 * @throws {PlatformError} `data_loss` naming what is damaged; `wrong_state` when another VMM froze it
 */
export async function openForRestore(
  deps: Pick<SandboxDeps, "snapshots" | "vmm">,
  snapshotId: string,
): Promise<HeldSnapshot> {
  using stack = new DisposableStack()
  stack.use(deps.snapshots.pin(snapshotId))
  const snapshot = await deps.snapshots.open(snapshotId)
  checkRestorable(snapshot.manifest, deps.vmm)
  const pin = stack.move()
  return { snapshot, [Symbol.dispose]: () => pin.dispose() }
}

/**
 * Opens the frozen VM that a sandbox of this spec is made from: a snapshot template's, or the warm one of a base template.
 *
 * @throws {PlatformError} `not_found` (template), and what booting a base template fails with
 */
export async function openSource(
  deps: SandboxDeps,
  spec: SandboxSpec,
  signal: AbortSignal,
): Promise<HeldSnapshot> {
  using named = await deps.snapshots.holdNamed(spec.template)
  if (named !== undefined) return await openForRestore(deps, named.template.snapshotId)
  return await deps.warm.open(spec, signal)
}

/** The spec with what the template bakes into its sandboxes: a frozen VM cannot change its size */
export async function applyBakedSize(deps: SandboxDeps, spec: SandboxSpec): Promise<SandboxSpec> {
  const named = await deps.snapshots.names.find(spec.template)
  if (named === undefined) return spec
  const { vcpus, memoryMib } = named
  return { ...spec, vcpus, memoryMib }
}

/** Raises `data_loss`: a snapshot that sandboxes are made from has a disk */
export function requireDisk(snapshot: Snapshot): NonNullable<Snapshot["rootfs"]> {
  if (snapshot.rootfs !== undefined) return snapshot.rootfs
  throw new PlatformError("data_loss", `snapshot "${snapshot.id}" has no disk`)
}
