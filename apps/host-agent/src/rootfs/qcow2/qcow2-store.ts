import { access, rm, stat } from "node:fs/promises"
import { join } from "node:path"

import { STAT_BLOCK_BYTES, syncDirectory } from "@thaw/linux"
import { PlatformError } from "@thaw/model"

import type { FinishedLayer, Rootfs, RootfsBase, RootfsStore } from "../rootfs-store.ts"
import { copyImage, finishImage } from "./layer.ts"
import { checkOverlay, readOverlayBase, writeOverlayBase } from "./overlay-base.ts"
import { revertImage, sealImage, syncFile } from "./seal.ts"
import { writeEmptyOverlay } from "./write-overlay.ts"

const FILE_NAME = "rootfs.qcow2"
const BASE_FILE_NAME = "rootfs.base.json"

/** Root file systems as QEMU overlays; works on every kernel */
export class Qcow2Store implements RootfsStore {
  readonly name = "qcow2"
  readonly fileNames = [FILE_NAME, BASE_FILE_NAME]

  async create(base: RootfsBase, directory: string): Promise<Rootfs> {
    await writeEmptyOverlay(base, join(directory, FILE_NAME))
    const basePath = join(directory, BASE_FILE_NAME)
    await writeOverlayBase(basePath, base)
    // It must be there after a loss of power; a seal waits for it, a start need not.
    void syncFile(basePath).catch(() => undefined)
    return new Qcow2Rootfs(directory, base)
  }

  async open(directory: string): Promise<Rootfs> {
    const { path, base } = await findImage(directory)
    await checkOverlay(path, base)
    return new Qcow2Rootfs(directory, base)
  }

  async usageBytes(directory: string): Promise<number> {
    return await readUsage(join(directory, FILE_NAME))
  }

  async seal(directory: string): Promise<void> {
    const { path, base } = await findImage(directory)
    await checkOverlay(path, base)
    await sealImage(path)
    await syncFile(join(directory, BASE_FILE_NAME))
    await syncDirectory(directory)
  }

  async revert(directory: string): Promise<void> {
    const { path, base } = await findImage(directory)
    await checkOverlay(path, base)
    await revertImage(path)
  }

  async copyLayer(directory: string, targetPath: string): Promise<void> {
    const { path, base } = await findImage(directory)
    // A frozen sandbox's VMM can still write its overlay, but not the copy.
    await copyImage(path, targetPath, async (copy) => await checkOverlay(copy, base))
  }

  async finishLayer(path: string): Promise<FinishedLayer> {
    return await finishImage(path)
  }
}

class Qcow2Rootfs implements Rootfs {
  readonly device
  readonly #directory: string

  constructor(directory: string, { path: basePath, format }: RootfsBase) {
    this.#directory = directory
    const backing = { path: basePath, format }
    this.device = { format: "qcow2", path: join(directory, FILE_NAME), backing } as const
  }

  async usageBytes(): Promise<number> {
    return await readUsage(this.device.path)
  }

  async remove(): Promise<void> {
    await rm(this.device.path, { force: true })
    await rm(join(this.#directory, BASE_FILE_NAME), { force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove()
  }
}

/** An overlay, and what it was made on: not necessarily what it says now */
async function findImage(directory: string): Promise<{ path: string; base: RootfsBase }> {
  const path = join(directory, FILE_NAME)
  try {
    await access(path)
  } catch (error) {
    throw new PlatformError("not_found", "the sandbox's root file system is gone", { cause: error })
  }
  return { path, base: await readOverlayBase(join(directory, BASE_FILE_NAME)) }
}

async function readUsage(path: string): Promise<number> {
  try {
    const { blocks } = await stat(path)
    return blocks * STAT_BLOCK_BYTES
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0
    throw error
  }
}
