import { createHash, randomBytes } from "node:crypto"
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { STAT_BLOCK_BYTES, ensureTmpfs, unmount } from "@thaw/linux"
import { LIMITS, MIB } from "@thaw/model"
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
    const bench = new RootfsBench(makeStore, access)
    beforeEach(async () => await bench.open())
    afterEach(async () => await bench.close())

    itKeepsWritesApart(bench)
    itSeals(bench)
    itMakesLayers(bench)
    itNamesFailures(bench)
  })
}

/** A base and a directory, new for each test */
class RootfsBench {
  readonly makeStore: () => RootfsStore
  readonly access: DeviceAccess
  directory = ""
  baseHash = ""
  base: RootfsBase = { path: "", sizeBytes: BASE_BYTES, format: "raw" }

  constructor(makeStore: () => RootfsStore, access: DeviceAccess) {
    this.makeStore = makeStore
    this.access = access
  }

  async open(): Promise<void> {
    this.directory = await mkdtemp(join(tmpdir(), "thaw-rootfs-"))
    this.base = { ...this.base, path: join(this.directory, "base.raw") }
    await writeFile(this.base.path, randomBytes(BASE_BYTES), { mode: 0o444 })
    this.baseHash = await hashOf(this.base.path)
  }

  async close(): Promise<void> {
    await rm(this.directory, { recursive: true })
  }

  async sandboxDir(id: string): Promise<string> {
    const path = join(this.directory, id)
    await mkdir(path)
    return path
  }
}

function itKeepsWritesApart(bench: RootfsBench): void {
  it("starts as its base and keeps what is written apart from it", async () => {
    const store = bench.makeStore()
    await using one = await store.create(bench.base, await bench.sandboxDir("one"))
    await using two = await store.create(bench.base, await bench.sandboxDir("two"))
    const original = await bench.access.read(one.device, 0, 4096)
    expect(original).toEqual((await readFile(bench.base.path)).subarray(0, 4096))
    await bench.access.write(one.device, 0, Buffer.alloc(4096, 7))
    expectSame(await bench.access.read(one.device, 0, 4096), Buffer.alloc(4096, 7))
    expectSame(await bench.access.read(two.device, 0, 4096), original)
    expect(await hashOf(bench.base.path)).toBe(bench.baseHash)
  })

  it("occupies little when new, and what was written after", async () => {
    await using rootfs = await bench.makeStore().create(bench.base, await bench.sandboxDir("one"))
    const empty = await rootfs.usageBytes()
    expect(empty).toBeLessThan(MIB)
    await bench.access.write(rootfs.device, MIB, Buffer.alloc(2 * MIB, 1))
    const used = await rootfs.usageBytes()
    expect(used - empty).toBeGreaterThanOrEqual(2 * MIB)
    expect(used - empty).toBeLessThan(4 * MIB)
  })

  it("is found again with its content", async () => {
    const store = bench.makeStore()
    const path = await bench.sandboxDir("one")
    const created = await store.create(bench.base, path)
    await bench.access.write(created.device, 4096, Buffer.alloc(4096, 9))
    await using opened = await store.open(path)
    expectSame(await bench.access.read(opened.device, 4096, 4096), Buffer.alloc(4096, 9))
  })

  it("leaves nothing when it is removed, which may be repeated", async () => {
    const path = await bench.sandboxDir("one")
    const rootfs = await bench.makeStore().create(bench.base, path)
    await rootfs.remove()
    await rootfs.remove()
    expect(await readdir(path)).toEqual([])
    await expect(bench.makeStore().open(path)).rejects.toMatchObject({ code: "not_found" })
  })
}

function itSeals(bench: RootfsBench): void {
  it("goes back to its seal, as often as it is asked", async () => {
    const store = bench.makeStore()
    const path = await bench.sandboxDir("one")
    await using rootfs = await store.create(bench.base, path)
    await bench.access.write(rootfs.device, 0, Buffer.alloc(8192, 1))
    await store.seal(path)
    for (const byte of [2, 3]) {
      await bench.access.write(rootfs.device, 4096, Buffer.alloc(2 * MIB, byte))
      expectSame(await bench.access.read(rootfs.device, 4096, 4096), Buffer.alloc(4096, byte))
      await store.revert(path)
      await store.revert(path)
      expectSame(await bench.access.read(rootfs.device, 0, 8192), Buffer.alloc(8192, 1))
      const expected = (await readFile(bench.base.path)).subarray(8192, 3 * MIB)
      expectSame(await bench.access.read(rootfs.device, 8192, 3 * MIB - 8192), expected)
    }
  })

  it("seals anew in place of the seal before, and twice as well as once", async () => {
    const store = bench.makeStore()
    const path = await bench.sandboxDir("one")
    await using rootfs = await store.create(bench.base, path)
    for (const byte of [1, 2, 3]) {
      await bench.access.write(rootfs.device, 0, Buffer.alloc(MIB, byte))
      await store.seal(path)
      await store.seal(path)
    }
    await bench.access.write(rootfs.device, 0, Buffer.alloc(MIB, 4))
    await store.revert(path)
    expectSame(await bench.access.read(rootfs.device, 0, MIB), Buffer.alloc(MIB, 3))
    // One content beside the sealed one, not four.
    expect(await store.usageBytes(path)).toBeLessThan(3 * MIB)
  })
}

function itMakesLayers(bench: RootfsBench): void {
  it.each([false, true])("makes a layer that others build on; sealed: %s", async (isSealed) => {
    const store = bench.makeStore()
    const path = await bench.sandboxDir("one")
    await using source = await store.create(bench.base, path)
    await bench.access.write(source.device, 0, Buffer.alloc(2 * MIB, 1))
    if (isSealed) {
      await store.seal(path)
      await bench.access.write(source.device, 0, Buffer.alloc(2 * MIB, 2))
      await store.revert(path)
    }
    const layer = { path: join(bench.directory, "layer"), sizeBytes: BASE_BYTES, format: "qcow2" } as const
    await store.copyLayer(path, layer.path)
    await bench.access.write(source.device, 0, Buffer.alloc(2 * MIB, 3))
    await store.finishLayer(layer.path)
    await store.finishLayer(layer.path)
    expect((await stat(layer.path)).blocks * STAT_BLOCK_BYTES).toBeLessThan(3 * MIB)
    const layerHash = await hashOf(layer.path)

    await using two = await store.create(layer, await bench.sandboxDir("two"))
    await using three = await store.create(layer, await bench.sandboxDir("three"))
    await source.remove()
    await bench.access.write(three.device, MIB, Buffer.alloc(4096, 4))
    expectSame(await bench.access.read(two.device, 0, 2 * MIB), Buffer.alloc(2 * MIB, 1))
    expectSame(await bench.access.read(three.device, MIB, 4096), Buffer.alloc(4096, 4))
    const rest = (await readFile(bench.base.path)).subarray(2 * MIB)
    expectSame(await bench.access.read(two.device, 2 * MIB, rest.length), rest)
    expect(await hashOf(layer.path)).toBe(layerHash)
    expect((await readdir(bench.directory)).filter((name) => name.startsWith("layer"))).toEqual(["layer"])
  })

  it("flattens a chain of layers that is too deep, which then needs none of them", async () => {
    const store = bench.makeStore()
    const expected = Buffer.from(await readFile(bench.base.path))
    const layers: string[] = []
    let current = bench.base
    for (let depth = 1; depth <= LIMITS.rootfsLayersMax + 1; depth++) {
      const path = await bench.sandboxDir(`sandbox-${depth}`)
      await using rootfs = await store.create(current, path)
      const data = Buffer.alloc(128 * 1024, depth)
      await bench.access.write(rootfs.device, depth * 64 * 1024, data)
      data.copy(expected, depth * 64 * 1024)
      const layer = join(bench.directory, `layer-${depth}`)
      await store.copyLayer(path, layer)
      const { isFlattened } = await store.finishLayer(layer)
      expect(isFlattened).toBe(depth > LIMITS.rootfsLayersMax)
      current = { path: layer, sizeBytes: BASE_BYTES, format: "qcow2" }
      layers.push(layer)
    }
    for (const layer of layers.slice(0, -1)) await rm(layer)
    await using rootfs = await store.create(current, await bench.sandboxDir("last"))
    expectSame(await bench.access.read(rootfs.device, 0, BASE_BYTES), expected)
    expect((await stat(current.path)).blocks * STAT_BLOCK_BYTES).toBeLessThan(2 * MIB)
  })
}

function itNamesFailures(bench: RootfsBench): void {
  it("fails for a base that is not there, and leaves nothing", async () => {
    const path = await bench.sandboxDir("one")
    const absent = { ...bench.base, path: join(bench.directory, "absent.raw") }
    await expect(bench.makeStore().create(absent, path)).rejects.toThrow()
    expect(await readdir(path)).toEqual([])
  })

  it("names what cannot be sealed, reverted or copied", async () => {
    const store = bench.makeStore()
    const path = await bench.sandboxDir("one")
    const target = join(bench.directory, "layer")
    await expect(store.seal(path)).rejects.toMatchObject({ code: "not_found" })
    await expect(store.copyLayer(path, target)).rejects.toMatchObject({ code: "not_found" })
    await using _rootfs = await store.create(bench.base, path)
    await expect(store.revert(path)).rejects.toMatchObject({ code: "data_loss" })
    await expect(store.copyLayer(path, join(bench.directory, "absent/layer"))).rejects.toThrow()
    await expect(store.finishLayer(target)).rejects.toMatchObject({ code: "data_loss" })
  })

  it("names a layer whose base is gone", async () => {
    const store = bench.makeStore()
    const path = await bench.sandboxDir("one")
    await using _rootfs = await store.create(bench.base, path)
    const layer = join(bench.directory, "layer")
    await store.copyLayer(path, layer)
    await rm(bench.base.path)
    await expect(store.finishLayer(layer)).rejects.toMatchObject({ code: "data_loss" })
  })

  it("names a full disk, and leaves nothing there", async () => {
    const store = bench.makeStore()
    const path = await bench.sandboxDir("one")
    await using rootfs = await store.create(bench.base, path)
    await bench.access.write(rootfs.device, 0, Buffer.alloc(4 * MIB, 1))
    await using full = await mountTmpfs(join(bench.directory, "full"), 2 * MIB)
    const target = join(full.path, "layer")
    await expect(store.copyLayer(path, target)).rejects.toMatchObject({ code: "capacity_exhausted" })
    expect(await readdir(full.path)).toEqual([])
  })
}

/** Comparing megabytes byte by byte, for the difference to be printed, takes seconds */
function expectSame(actual: Buffer, expected: Buffer): void {
  expect(actual.length).toBe(expected.length)
  expect(actual.equals(expected), "the bytes are as expected").toBe(true)
}

async function hashOf(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex")
}

async function mountTmpfs(path: string, sizeBytes: number): Promise<AsyncDisposable & { path: string }> {
  ensureTmpfs(path, { mode: 0o700, sizeBytes })
  return { path, [Symbol.asyncDispose]: async () => await Promise.resolve(unmount(path)) }
}
