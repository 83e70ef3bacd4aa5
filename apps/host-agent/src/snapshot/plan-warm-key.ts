import { createHash } from "node:crypto"

import type { SnapshotVmm } from "./snapshot-manifest.ts"

/** What a booted and frozen base template depends on: another value, another warm snapshot */
export interface WarmSubject {
  readonly template: string
  readonly buildId: string
  readonly vcpus: number
  readonly memoryMib: number
  readonly vmm: SnapshotVmm
  /** Of the kernel, initramfs and guest agent in it; see `readArtifactsIdentity` */
  readonly artifacts: string
}

const DIGEST_LENGTH = 16

/** Key of a warm snapshot: safe as a file name, and legible where that is possible */
export function planWarmKey({ template, buildId, vcpus, memoryMib, vmm, artifacts }: WarmSubject): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([vmm.name, vmm.version, vmm.accelerator, artifacts]))
    .digest("hex")
    .slice(0, DIGEST_LENGTH)
  return `${template}~${buildId}~${vcpus}x${memoryMib}~${vmm.accelerator}-${digest}`
}
