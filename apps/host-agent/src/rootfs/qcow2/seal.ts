import { open } from "node:fs/promises"

import { run } from "@thaw/linux"
import { PlatformError } from "@thaw/model"

import { nameDiskFull } from "../../disk-full.ts"
import { readImageChain } from "./image-chain.ts"

const TIMEOUT_MS = 60_000
const NAME = /^seal-(\d+)$/

/**
 * Seals are snapshots inside the overlay, which take the place of one table; what is written later goes elsewhere in the file.
 *
 * The new one is made before the old ones go, so that there is one at any time. A command that is killed leaves at most clusters
 * that nothing uses.
 */
export async function sealImage(path: string): Promise<void> {
  const [{ seals }] = await readImageChain(path)
  const last = Math.max(0, ...seals.map((name) => Number(NAME.exec(name)?.[1] ?? 0)))
  await applySnapshot(["-c", `seal-${last + 1}`, path])
  for (const name of seals) await applySnapshot(["-d", name, path])
  await syncFile(path)
}

/** Takes an overlay back to its newest seal */
export async function revertImage(path: string): Promise<void> {
  const [{ seals }] = await readImageChain(path)
  const newest = seals.at(-1)
  if (newest === undefined) throw new PlatformError("data_loss", "the paused sandbox's disk was never sealed")
  await applySnapshot(["-a", newest, path])
  await syncFile(path)
}

/** Makes a file's content durable */
export async function syncFile(path: string): Promise<void> {
  await using file = await open(path, "r")
  await file.sync()
}

async function applySnapshot(args: readonly string[]): Promise<void> {
  try {
    await run(["qemu-img", "snapshot", "-q", ...args], { timeoutMs: TIMEOUT_MS })
  } catch (error) {
    throw nameDiskFull(error)
  }
}
