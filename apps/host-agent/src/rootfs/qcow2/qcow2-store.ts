import { access, rm, stat } from "node:fs/promises"
import { join } from "node:path"

import { STAT_BLOCK_BYTES, run } from "@thaw/linux"
import { PlatformError } from "@thaw/model"

import type { Rootfs, RootfsBase, RootfsStore } from "../rootfs-store.ts"

const FILE_NAME = "rootfs.qcow2"
const CREATE_TIMEOUT_MS = 10_000

/** Root file systems as QEMU overlays; works on every kernel */
export class Qcow2Store implements RootfsStore {
  readonly name = "qcow2"

  async create(base: RootfsBase, directory: string): Promise<Rootfs> {
    const path = join(directory, FILE_NAME)
    await run(planCreate(base, path), { timeoutMs: CREATE_TIMEOUT_MS })
    return new Qcow2Rootfs(path)
  }

  async open(directory: string): Promise<Rootfs> {
    const path = join(directory, FILE_NAME)
    try {
      await access(path)
    } catch (error) {
      throw new PlatformError("not_found", "the sandbox's root file system is gone", { cause: error })
    }
    return new Qcow2Rootfs(path)
  }
}

/** Command that makes an overlay of the base's size at `path` */
export function planCreate(base: RootfsBase, path: string): [string, ...string[]] {
  return [
    "qemu-img",
    "create",
    "-q",
    "-f",
    "qcow2",
    "-b",
    base.path,
    "-F",
    "raw",
    path,
    String(base.sizeBytes),
  ]
}

class Qcow2Rootfs implements Rootfs {
  readonly device

  constructor(path: string) {
    this.device = { format: "qcow2", path } as const
  }

  async usageBytes(): Promise<number> {
    try {
      const { blocks } = await stat(this.device.path)
      return blocks * STAT_BLOCK_BYTES
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0
      throw error
    }
  }

  async remove(): Promise<void> {
    await rm(this.device.path, { force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove()
  }
}
