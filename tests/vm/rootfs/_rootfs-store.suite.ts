import { createHash, randomBytes } from "node:crypto"
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { MIB } from "@thaw/model"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

import type {
  RootfsBase,
  RootfsDevice,
  RootfsStore,
} from "../../../apps/host-agent/src/rootfs/rootfs-store.ts"

/** Reads and writes a root file system's device as a VMM would */
export interface DeviceAccess {
  read(device: RootfsDevice, offset: number, length: number): Promise<Buffer>
  write(device: RootfsDevice, offset: number, data: Buffer): Promise<void>
}

const BASE_BYTES = 8 * MIB

/** What every `RootfsStore` must do */
export function describeRootfsStore(name: string, makeStore: () => RootfsStore, access: DeviceAccess): void {
  describe(name, () => {
    let directory = ""
    let base: RootfsBase
    let baseHash = ""
    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), "thaw-rootfs-"))
      const path = join(directory, "base.raw")
      await writeFile(path, randomBytes(BASE_BYTES), { mode: 0o444 })
      base = { path, sizeBytes: BASE_BYTES }
      baseHash = await hashOf(path)
    })
    afterEach(async () => await rm(directory, { recursive: true }))

    async function sandboxDir(id: string): Promise<string> {
      const path = join(directory, id)
      await mkdir(path)
      return path
    }

    it("starts as its base and keeps what is written apart from it", async () => {
      const store = makeStore()
      await using one = await store.create(base, await sandboxDir("one"))
      await using two = await store.create(base, await sandboxDir("two"))
      const original = await access.read(one.device, 0, 4096)
      expect(original).toEqual((await readFile(base.path)).subarray(0, 4096))
      await access.write(one.device, 0, Buffer.alloc(4096, 7))
      expect(await access.read(one.device, 0, 4096)).toEqual(Buffer.alloc(4096, 7))
      expect(await access.read(two.device, 0, 4096)).toEqual(original)
      expect(await hashOf(base.path)).toBe(baseHash)
    })

    it("occupies little when new, and what was written after", async () => {
      await using rootfs = await makeStore().create(base, await sandboxDir("one"))
      const empty = await rootfs.usageBytes()
      expect(empty).toBeLessThan(MIB)
      await access.write(rootfs.device, MIB, Buffer.alloc(2 * MIB, 1))
      const used = await rootfs.usageBytes()
      expect(used - empty).toBeGreaterThanOrEqual(2 * MIB)
      expect(used - empty).toBeLessThan(4 * MIB)
    })

    it("is found again with its content", async () => {
      const store = makeStore()
      const path = await sandboxDir("one")
      const created = await store.create(base, path)
      await access.write(created.device, 4096, Buffer.alloc(4096, 9))
      await using opened = await store.open(path)
      expect(await access.read(opened.device, 4096, 4096)).toEqual(Buffer.alloc(4096, 9))
    })

    it("leaves nothing when it is removed, which may be repeated", async () => {
      const path = await sandboxDir("one")
      const rootfs = await makeStore().create(base, path)
      await rootfs.remove()
      await rootfs.remove()
      expect(await readdir(path)).toEqual([])
      await expect(makeStore().open(path)).rejects.toMatchObject({ code: "not_found" })
    })

    it("fails for a base that is not there, and leaves nothing", async () => {
      const path = await sandboxDir("one")
      const absent = { path: join(directory, "absent.raw"), sizeBytes: BASE_BYTES }
      await expect(makeStore().create(absent, path)).rejects.toThrow()
      expect(await readdir(path)).toEqual([])
    })
  })
}

async function hashOf(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex")
}
