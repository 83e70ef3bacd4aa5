import { constants } from "node:fs"
import { access, open, rm } from "node:fs/promises"

import { nameDiskFull } from "../../disk-full.ts"
import type { RootfsBase } from "../rootfs-store.ts"
import { planEmptyOverlay } from "./plan-empty-overlay.ts"

/** Makes an empty overlay over a base, in place of what is at `path`. Not made durable: it holds nothing yet. */
export async function writeEmptyOverlay(base: RootfsBase, path: string): Promise<void> {
  const { fileBytes, parts } = planEmptyOverlay({
    backingPath: base.path,
    backingFormat: base.format,
    sizeBytes: base.sizeBytes,
  })
  await access(base.path, constants.R_OK)
  try {
    await using file = await open(path, "w", 0o600)
    for (const { offsetBytes, data } of parts) await file.write(data, 0, data.length, offsetBytes)
    await file.truncate(fileBytes)
  } catch (error) {
    await rm(path, { force: true })
    throw nameDiskFull(error)
  }
}
