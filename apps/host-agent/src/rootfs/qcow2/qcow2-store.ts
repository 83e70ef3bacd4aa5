import { access, rm, stat } from "node:fs/promises"
import { join } from "node:path"

import { STAT_BLOCK_BYTES } from "@thaw/linux"
import { PlatformError } from "@thaw/model"

import type { FinishedLayer, Rootfs, RootfsBase, RootfsStore } from "../rootfs-store.ts"
import { copyImage, finishImage } from "./layer.ts"
import { revertImage, sealImage } from "./seal.ts"
import { writeEmptyOverlay } from "./write-overlay.ts"

const FILE_NAME = "rootfs.qcow2"

/** Root file systems as QEMU overlays; works on every kernel */
export class Qcow2Store implements RootfsStore {
  readonly name = "qcow2"
  readonly fileNames = [FILE_NAME]

  async create(base: RootfsBase, directory: string): Promise<Rootfs> {
    const path = join(directory, FILE_NAME)
    await writeEmptyOverlay(base, path)
    return new Qcow2Rootfs(path)
  }

  async open(directory: string): Promise<Rootfs> {
    return new Qcow2Rootfs(await findImage(directory))
  }

  async usageBytes(directory: string): Promise<number> {
    return await readUsage(join(directory, FILE_NAME))
  }

  async seal(directory: string): Promise<void> {
    await sealImage(await findImage(directory))
  }

  async revert(directory: string): Promise<void> {
    await revertImage(await findImage(directory))
  }

  async copyLayer(directory: string, targetPath: string): Promise<void> {
    await copyImage(await findImage(directory), targetPath)
  }

  async finishLayer(path: string): Promise<FinishedLayer> {
    return await finishImage(path)
  }
}

class Qcow2Rootfs implements Rootfs {
  readonly device

  constructor(path: string) {
    this.device = { format: "qcow2", path } as const
  }

  async usageBytes(): Promise<number> {
    return await readUsage(this.device.path)
  }

  async remove(): Promise<void> {
    await rm(this.device.path, { force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove()
  }
}

async function findImage(directory: string): Promise<string> {
  const path = join(directory, FILE_NAME)
  try {
    await access(path)
    return path
  } catch (error) {
    throw new PlatformError("not_found", "the sandbox's root file system is gone", { cause: error })
  }
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
