import { createHash } from "node:crypto"
import { stat } from "node:fs/promises"

import type { HostPaths } from "../host-paths.ts"
import { EMULATED_KERNEL_ARGS, KERNEL_ARGS } from "../template/kernel-args.ts"

/**
 * Tells one installation of kernel and initramfs (which holds the guest agent) from another, and what the kernel is told. Files are replaced
 * by rename, so size and time of change are enough.
 */
export async function readArtifactsIdentity(paths: Pick<HostPaths, "kernel" | "initramfs">): Promise<string> {
  const files = await Promise.all(
    [paths.kernel, paths.initramfs].map(async (path) => {
      const { size, mtimeNs } = await stat(path, { bigint: true })
      return `${size}:${mtimeNs}`
    }),
  )
  return createHash("sha256")
    .update([...files, ...KERNEL_ARGS, ...EMULATED_KERNEL_ARGS].join("\n"))
    .digest("hex")
}
