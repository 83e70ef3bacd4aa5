import { chmod, rename, rm } from "node:fs/promises"
import { dirname } from "node:path"

import { run, syncDirectory } from "@thaw/linux"
import { LIMITS } from "@thaw/model"

import { nameDiskFull } from "../../disk-full.ts"
import type { FinishedLayer } from "../rootfs-store.ts"
import { readImageChain, type ChainImage } from "./image-chain.ts"
import { syncFile } from "./seal.ts"

/** Copying the largest disk there is to a slow one */
const TIMEOUT_MS = 600_000

/**
 * Copies an overlay that nobody writes, with its holes; clusters are shared where the file system can.
 *
 * @param check What must succeed for the copy to be kept
 */
export async function copyImage(
  source: string,
  target: string,
  check: (copy: string) => Promise<void>,
): Promise<void> {
  await makeWhole(target, async (partial) => {
    await run(["cp", "--reflink=auto", "--sparse=always", source, partial], { timeoutMs: TIMEOUT_MS })
    await chmod(partial, 0o600)
    await check(partial)
  })
}

/**
 * Turns a copy of an overlay into a layer.
 *
 * A copy with seals is written anew, because clusters that a deleted seal frees would stay in the file for ever.
 */
export async function finishImage(path: string): Promise<FinishedLayer> {
  const chain = await readImageChain(path)
  const [top] = chain
  const bottom = chain.at(-1) ?? top
  const isDeep = chain.filter(({ format }) => format === "qcow2").length > LIMITS.rootfsLayersMax
  if (top.seals.length > 0) await compact(path, chain)
  if (isDeep) await rebase(path, bottom)
  await chmod(path, 0o444)
  await syncFile(path)
  await syncDirectory(dirname(path))
  return { isFlattened: isDeep }
}

/** Writes what the top of a chain holds, and nothing else, to a new file in its place */
async function compact(path: string, [, backing]: readonly ChainImage[]): Promise<void> {
  const base = backing === undefined ? [] : ["-B", backing.path, "-F", backing.format]
  await makeWhole(path, async (partial) => {
    await run(["qemu-img", "convert", "-q", "-f", "qcow2", "-O", "qcow2", ...base, path, partial], {
      timeoutMs: TIMEOUT_MS,
    })
  })
}

/** Copies what lies between the top and the bottom of a chain into the top; in place, and only the link is changed last */
async function rebase(path: string, bottom: ChainImage): Promise<void> {
  const base = ["-b", bottom.path, "-F", bottom.format]
  try {
    await run(["qemu-img", "rebase", "-q", "-f", "qcow2", ...base, path], { timeoutMs: TIMEOUT_MS })
  } catch (error) {
    throw nameDiskFull(error)
  }
}

/** Writes a file beside its place and moves it there when it is whole */
async function makeWhole(path: string, write: (partial: string) => Promise<void>): Promise<void> {
  const partial = `${path}.partial`
  try {
    await write(partial)
    await rename(partial, path)
  } catch (error) {
    await rm(partial, { force: true })
    throw nameDiskFull(error)
  }
}
