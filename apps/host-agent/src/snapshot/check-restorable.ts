import { PlatformError } from "@thaw/model"

import type { SnapshotManifest, SnapshotVmm } from "./snapshot-manifest.ts"

/**
 * Whether this host's VMM reads the state of a frozen VM back: only the one that wrote it does.
 *
 * @throws {PlatformError} `wrong_state`, naming both, when they differ
 */
export function checkRestorable(manifest: Pick<SnapshotManifest, "id" | "vmm">, vmm: SnapshotVmm): void {
  const { name, version, accelerator } = manifest.vmm
  if (name === vmm.name && version === vmm.version && accelerator === vmm.accelerator) return
  throw new PlatformError(
    "wrong_state",
    `snapshot "${manifest.id}" was frozen by ${describe(manifest.vmm)}, this host runs ${describe(vmm)}`,
    { details: { snapshot_id: manifest.id, frozen_by: describe(manifest.vmm), host_runs: describe(vmm) } },
  )
}

function describe({ name, version, accelerator }: SnapshotVmm): string {
  return `${name} ${version} with ${accelerator}`
}
