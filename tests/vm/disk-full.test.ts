import { open, rm, statfs } from "node:fs/promises"
import { join } from "node:path"

import { MIB } from "@thaw/model"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { expectFrozen, expectHeld, readFrozen } from "./_held.ts"
import { startTestPlatform, type TestPlatform } from "./_platform.ts"
import { askWitness, startWitness } from "./_witness.ts"

const DISK_BYTES = 640 * MIB
const CHUNK_BYTES = MIB
/** Room for nothing, for the VM's state only, and for part of the memory */
const FREE_BYTES = [0, 256 * 1024, 4 * MIB]

let platform: TestPlatform
let id = ""
let witness = ""

beforeAll(async () => {
  platform = await startTestPlatform({ THAW_SLOT_POOL_SIZE: "1" }, { diskBytes: DISK_BYTES })
  ;({ id } = await platform.api.create({ memory_mib: 256, timeout_sec: 3600 }))
  witness = await startWitness(platform.api, id)
})
afterAll(async () => await platform[Symbol.asyncDispose]())

/** Takes all of the data directory's disk but so much, until it is disposed */
async function fillDisk(freeBytes: number): Promise<AsyncDisposable> {
  // What the guest has written is on its disk before that is full.
  await platform.api.shell(id, "sync; head -c 12000000 /dev/urandom > /dev/shm/changed; sync")
  const path = join(platform.dataDir, "ballast")
  const chunk = Buffer.alloc(CHUNK_BYTES, 1)
  {
    await using file = await open(path, "w")
    for (;;) {
      const { bavail, bsize } = await statfs(platform.dataDir)
      const bytes = Math.min(bavail * bsize - freeBytes, CHUNK_BYTES)
      if (bytes <= 0) break
      await file.writeFile(chunk.subarray(0, bytes))
    }
  }
  return { [Symbol.asyncDispose]: async () => await rm(path) }
}

const FULL = {
  status: 503,
  body: {
    error: {
      code: "capacity_exhausted",
      message: expect.stringMatching(/the host's disk is full$/) as string,
    },
  },
}

describe.each(FREE_BYTES)("with a disk that has %i bytes left", (freeBytes) => {
  it("a pause fails by name, the sandbox runs on, and nothing is left", async () => {
    const { api } = platform
    const before = await readFrozen(platform.dataDir)
    {
      await using _ballast = await fillDisk(freeBytes)
      await expect(api.pause(id)).rejects.toMatchObject(FULL)
      expect(await api.get(id)).toMatchObject({ status: "running" })
      expect(await api.shell(id, "echo runs on")).toBe("runs on\n")
      await expectFrozen(platform, before)
      await expectHeld(platform, { running: 1 })
    }
    expect(await api.pause(id)).toMatchObject({ status: "paused" })
    await expectHeld(platform, { paused: 1 })
    await api.resume(id)
    expect(await askWitness(api, id)).toBe(witness)
  })

  it("a snapshot fails by name, the source runs on, and nothing is left", async () => {
    const { api } = platform
    const before = await readFrozen(platform.dataDir)
    {
      await using _ballast = await fillDisk(freeBytes)
      await expect(api.snapshot(id, "frozen")).rejects.toMatchObject(FULL)
      expect(await api.shell(id, "echo runs on")).toBe("runs on\n")
      expect(await api.snapshots("?type=snapshot")).toEqual([])
      await expectFrozen(platform, before)
      await expectHeld(platform, { running: 1 })
    }
    await api.snapshot(id, "frozen")
    const { id: spawned } = await api.create({ template: "frozen" })
    expect(await askWitness(api, spawned)).toBe(witness)
    await api.delete(spawned)
    await api.deleteSnapshot("frozen")
  })

  it("a create fails by name and leaves nothing", async () => {
    const { api } = platform
    const before = await readFrozen(platform.dataDir)
    {
      await using _ballast = await fillDisk(freeBytes)
      // Of a size that is not warm, which has the most to write.
      await expect(api.create({ memory_mib: 200 })).rejects.toMatchObject(FULL)
      await expectFrozen(platform, before)
      await expectHeld(platform, { running: 1 })
    }
    expect(await askWitness(api, id)).toBe(witness)
  })
})
