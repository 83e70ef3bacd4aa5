import { open } from "node:fs/promises"
import { join } from "node:path"

import { snapshotDataLoss, snapshotNotFound } from "./snapshot-error.ts"
import { MANIFEST_FILE } from "./snapshot-files.ts"
import { MANIFEST_LENGTH_MAX, parseSnapshotManifest, type SnapshotManifest } from "./snapshot-manifest.ts"

/**
 * Reads the manifest of the snapshot in `directory`.
 *
 * @throws {PlatformError} `not_found` without a directory, `data_loss` with one whose manifest is missing or not usable
 */
export async function readManifest(directory: string, id: string): Promise<SnapshotManifest> {
  const text = await readText(directory, id)
  let manifest
  try {
    manifest = parseSnapshotManifest(text)
  } catch (error) {
    throw snapshotDataLoss(id, `its manifest ${(error as Error).message}`, { cause: error })
  }
  if (manifest.id === id) return manifest
  throw snapshotDataLoss(id, `its manifest is that of snapshot "${manifest.id}"`)
}

async function readText(directory: string, id: string): Promise<string> {
  try {
    await using file = await open(join(directory, MANIFEST_FILE), "r")
    const { size } = await file.stat()
    if (size <= MANIFEST_LENGTH_MAX) return await file.readFile("utf8")
    throw snapshotDataLoss(id, `its manifest has ${size} bytes, at most ${MANIFEST_LENGTH_MAX} are read`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error
    throw (await isThere(directory))
      ? snapshotDataLoss(id, "its manifest is missing", { cause: error })
      : snapshotNotFound(id)
  }
}

async function isThere(directory: string): Promise<boolean> {
  try {
    await using _ = await open(directory, "r")
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false
    throw error
  }
}
