import { createHash } from "node:crypto"
import { stat } from "node:fs/promises"

import type { HostPaths } from "../host-paths.ts"

/**
 * Tells one installation of kernel and initramfs (which holds the guest agent) from another. They are replaced by rename, so
 * size and time of change are enough.
 */
export async function readArtifactsIdentity(paths: Pick<HostPaths, "kernel" | "initramfs">): Promise<string> {
  const files = await Promise.all(
    [paths.kernel, paths.initramfs].map(async (path) => {
      const { size, mtimeNs } = await stat(path, { bigint: true })
      return `${size}:${mtimeNs}`
    }),
  )
  return createHash("sha256").update(files.join("\n")).digest("hex")
}
