import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"

import type { SandboxJson, TemplateJson } from "./_api.ts"
import { hostAgentOf } from "./_host-agent-client.ts"
import { inParallel } from "./_in-parallel.ts"
import { Keeper } from "./_keeper.ts"
import { startTestPlatform, type TestPlatform } from "./_platform.ts"
import {
  allocatedBytes,
  hashFrozenFiles,
  listFrozenFiles,
  snapshotIdOf,
  warmSnapshotIds,
} from "./_snapshot-files.ts"

const MIB = 1024 * 1024
const SMALL = { memory_mib: 128 }
const KEPT_BYTES = 8 * MIB
const SPAWNED = 20
const AT_A_TIME = 4
const SETTLE_MS = 20_000

let platform: TestPlatform
beforeAll(async () => {
  platform = await startTestPlatform()
})
afterEach(async () => await clear())
afterAll(async () => await platform[Symbol.asyncDispose]())

describe("a snapshot", () => {
  it("is as large as what it needs on disk", async () => {
    const { api, dataDir } = platform
    const { id } = await api.create(SMALL)
    await api.shell(
      id,
      "head -c 16777216 /dev/urandom > disk; head -c 8388608 /dev/urandom > /dev/shm/memory; sync",
    )
    const made = await api.snapshot(id, "sized")
    // Nothing else is frozen but the base template, which it is built on.
    const snapshotDir = `snapshots/${await snapshotIdOf(dataDir, "sized")}`
    const onDisk = await allocatedBytes(dataDir, [snapshotDir, "builds", "layers"])
    process.stdout.write(`snapshot's size_bytes ${made.size_bytes}, on disk ${onDisk}\n`)
    expect(made.size_bytes).toBeGreaterThan(24 * MIB)
    expect(Math.abs(made.size_bytes - onDisk)).toBeLessThan(onDisk / 20)
  })

  it("of a running sandbox leaves it running, and both go on from there", async () => {
    const { api } = platform
    const { id } = await api.create({ ...SMALL, memory_mib: 192, vcpus: 2, envs: { FROM: "source" } })
    const keeper = await Keeper.start(api, id, KEPT_BYTES)
    const made = await api.snapshot(id, "of-running")
    report(made)
    expect(made).toMatchObject({
      type: "snapshot",
      vcpus: 2,
      memory_mib: 192,
      parent: "base",
      sandbox_id: id,
    })
    expect(made.stop_ms).toBeGreaterThan(0)
    expect(await api.get(id)).toMatchObject({ status: "running" })

    const spawned = await api.create({ template: "of-running", envs: { MINE: "yes" } })
    const other = keeper.in(spawned.id)
    await other.fillMemory([{ offset: 0, length: MIB, byte: 7 }])
    await other.fillDisk([{ offset: MIB, length: MIB, byte: 8 }])
    await keeper.fillMemory([{ offset: MIB / 2, length: MIB, byte: 9 }])
    await other.check()
    await keeper.check()
    expect(await api.shell(spawned.id, "echo $MINE; hostname")).toBe(`yes\n${spawned.id}\n`)
    await api.pause(spawned.id)
    await api.resume(spawned.id)
    await other.check()
  })

  it("of a paused sandbox leaves it paused, and both go on from there", async () => {
    const { api } = platform
    const { id } = await api.create(SMALL)
    const keeper = await Keeper.start(api, id, KEPT_BYTES)
    const { pause } = await api.pause(id)
    const made = await api.snapshot(id, "of-paused")
    expect(made).toMatchObject({ type: "snapshot", parent: "base", sandbox_id: id, memory_mib: 128 })
    expect(await api.get(id)).toMatchObject({ status: "paused", pause })
    const spawned = await api.create({ template: "of-paused" })
    const other = keeper.in(spawned.id)
    await other.fillMemory([{ offset: 0, length: MIB, byte: 1 }])
    await other.fillDisk([{ offset: 0, length: MIB, byte: 2 }])
    await api.resume(id)
    await keeper.check()
    await other.check()
  })

  it("brings its size, whatever else is asked for", async () => {
    const { api } = platform
    const { id } = await api.create({ vcpus: 2, memory_mib: 192 })
    await api.snapshot(id, "two-cpus")
    const spawned = await api.create({ template: "two-cpus", vcpus: 1, memory_mib: 1024 })
    expect(spawned).toMatchObject({ template: "two-cpus", vcpus: 2, memory_mib: 192 })
    expect(await api.shell(spawned.id, "nproc")).toBe("2\n")
    const totalKib = Number((await api.shell(spawned.id, "grep MemTotal /proc/meminfo")).match(/\d+/)?.[0])
    expect(totalKib).toBeLessThan(192 * 1024)
  })
})

describe(`${SPAWNED} sandboxes of one snapshot, ${AT_A_TIME} at a time`, () => {
  it("are each a machine of its own", { timeout: 600_000 }, async () => {
    const { api, dataDir } = platform
    const source = await api.create(SMALL)
    await api.shell(
      source.id,
      "echo source > disk; echo source > /dev/shm/memory; (sleep 100000 & echo $! > pid)",
    )
    await api.snapshot(source.id, "many")
    const before = await hashFrozenFiles(dataDir)

    const startedAt = performance.now()
    const spawned = await inParallel(SPAWNED, AT_A_TIME, async () => {
      const { id } = await api.create({ template: "many" })
      return { id, identity: await api.shell(id, IDENTITY) }
    })
    process.stdout.write(`${SPAWNED} spawned in ${Math.round(performance.now() - startedAt)} ms\n`)
    const everyone = [...spawned, { id: source.id, identity: await api.shell(source.id, IDENTITY) }]
    const lines = everyone.map(({ identity }) => identity.trim().split("\n"))
    for (const [index, name] of IDENTITY_LINES.entries()) {
      const values = lines.map((values) => values[index])
      expect(values, name).not.toContain(undefined)
      expect(new Set(values).size, name).toBe(everyone.length)
    }
    expect(new Set(await hostAddresses()).size).toBe(everyone.length)

    const ids = spawned.map(({ id }) => id)
    await inParallel(SPAWNED, AT_A_TIME, async (index) => await writeOwn(ids[index] ?? ""))
    await inParallel(SPAWNED, AT_A_TIME, async (index) => await expectOwn(ids[index] ?? ""))
    const [gone, kept] = [
      ids.filter((_, index) => index % 2 === 0),
      ids.filter((_, index) => index % 2 === 1),
    ]
    await inParallel(gone.length, AT_A_TIME, async (index) => await api.delete(gone[index] ?? ""))
    await inParallel(kept.length, AT_A_TIME, async (index) => await expectOwn(kept[index] ?? ""))
    expect(await api.shell(source.id, "cat disk /dev/shm/memory")).toBe("source\nsource\n")

    const after = await hashFrozenFiles(dataDir)
    for (const [path, hash] of before) expect(after.get(path), path).toBe(hash)
    const another = await api.create({ template: "many" })
    expect(await api.shell(another.id, "cat disk /dev/shm/memory; ls | wc -l")).toBe("source\nsource\n2\n")
  })
})

describe("snapshots of snapshots", () => {
  it("outlive the ones they came from", { timeout: 300_000 }, async () => {
    const { api } = platform
    const names = ["deep-1", "deep-2", "deep-3"]
    let { id } = await api.create(SMALL)
    let parent = "base"
    for (const name of names) {
      await mark(id, name)
      expect(await api.snapshot(id, name)).toMatchObject({ name, parent, sandbox_id: id })
      id = (await api.create({ template: name })).id
      parent = name
    }
    const middle = await api.create({ template: "deep-2" })
    await mark(middle.id, "middle")
    await api.pause(middle.id)
    await api.deleteSnapshot("deep-2")
    await api.deleteSnapshot("deep-1")
    expect((await api.snapshots("?type=snapshot")).map(({ name }) => name)).toEqual(["deep-3"])
    await api.resume(middle.id)
    await expectMarks(middle.id, ["deep-1", "deep-2", "middle"])
    await expectMarks(id, names)
    const last = await api.create({ template: "deep-3" })
    await expectMarks(last.id, names)
    await api.deleteSnapshot("deep-3")
    await api.pause(last.id)
    await api.resume(last.id)
    await expectMarks(last.id, names)
  })

  it("may take a name over while sandboxes live from what had it", async () => {
    const { api, dataDir } = platform
    const first = await api.create(SMALL)
    await mark(first.id, "first")
    await api.snapshot(first.id, "taken")
    const oldId = await snapshotIdOf(dataDir, "taken")
    const [running, paused] = [
      await api.create({ template: "taken" }),
      await api.create({ template: "taken" }),
    ]
    await mark(paused.id, "paused")
    await api.pause(paused.id)

    const second = await api.create(SMALL)
    await mark(second.id, "second")
    await expect(api.snapshot(second.id, "taken")).rejects.toMatchObject(ALREADY_EXISTS)
    expect(await snapshotIdOf(dataDir, "taken")).toBe(oldId)
    const over = await api.snapshot(second.id, "taken", "?overwrite=true")
    expect(over.sandbox_id).toBe(second.id)
    expect(await api.snapshots("?type=snapshot")).toEqual([over])

    await expectMarks((await api.create({ template: "taken" })).id, ["second"])
    await expectMarks(running.id, ["first"])
    await mark(running.id, "running")
    await api.pause(running.id)
    await api.resume(running.id)
    await expectMarks(running.id, ["first", "running"])
    await api.resume(paused.id)
    await expectMarks(paused.id, ["first", "paused"])
    await clear()
    expect((await listFrozenFiles(dataDir)).snapshots).not.toContain(oldId)
  })
})

describe("the list of snapshots", () => {
  it("shows what there is, by type", async () => {
    const { api } = platform
    const { id } = await api.create(SMALL)
    const made = [await api.snapshot(id, "z-last"), await api.snapshot(id, "a-first")]
    const unnamed = await api.json<TemplateJson>("POST", "/v1/snapshots", { sandbox_id: id })
    expect(unnamed.name).toMatch(/^snap-[0-9a-z]+$/)
    const sorted = [...made, unnamed].toSorted((one, other) => (one.name < other.name ? -1 : 1))
    expect(await api.snapshots("?type=snapshot")).toEqual(sorted)
    const base = await api.snapshots("?type=base")
    expect(base).toMatchObject([{ name: "base", type: "base" }])
    expect(base[0]?.size_bytes).toBeGreaterThan(100 * MIB)
    expect((await api.snapshots()).map(({ name }) => name)).toEqual(
      ["base", ...sorted.map(({ name }) => name)].toSorted(),
    )
    for (const snapshot of sorted) {
      expect(await api.json("GET", `/v1/snapshots/${snapshot.name}`)).toEqual(snapshot)
    }
    const deleted = await api.fetch("DELETE", "/v1/snapshots/z-last")
    expect([deleted.status, await deleted.text()]).toEqual([204, ""])
  })

  it("refuses what cannot be", async () => {
    const { api } = platform
    const { id } = await api.create(SMALL)
    await api.snapshot(id, "there")
    await expect(api.snapshot(id, "there")).rejects.toMatchObject(ALREADY_EXISTS)
    await expect(api.snapshot(id, "base")).rejects.toMatchObject(ALREADY_EXISTS)
    await expect(api.snapshot(id, "base", "?overwrite=true")).rejects.toMatchObject(ALREADY_EXISTS)
    await expect(api.deleteSnapshot("base")).rejects.toMatchObject(WRONG_STATE)
    await expect(api.deleteSnapshot("absent")).rejects.toMatchObject(NOT_FOUND)
    await expect(api.json("GET", "/v1/snapshots/absent")).rejects.toMatchObject(NOT_FOUND)
    await expect(api.create({ template: "absent" })).rejects.toMatchObject(NOT_FOUND)
    await expect(api.snapshot("sbxdoesnotexist00000", "new")).rejects.toMatchObject(NOT_FOUND)
    for (const name of ["", "../up", "a/b", ".hidden", "x".repeat(200), "Ünicode"]) {
      await expect(api.snapshot(id, name)).rejects.toMatchObject({ status: 400 })
    }
    await expect(api.snapshots("?type=other")).rejects.toMatchObject({ status: 400 })
    await api.delete(id)
    await expect(api.snapshot(id, "of-deleted")).rejects.toMatchObject(WRONG_STATE)
    expect((await api.snapshots("?type=snapshot")).map(({ name }) => name)).toEqual(["there"])
  })
})

const WRONG_STATE = { status: 409, body: { error: { code: "wrong_state" } } }
const ALREADY_EXISTS = { status: 409, body: { error: { code: "already_exists" } } }
const NOT_FOUND = { status: 404, body: { error: { code: "not_found" } } }

const IDENTITY_LINES = ["host name", "machine id", "uuid", "os.urandom", "random.random", "uuid4"]
const IDENTITY = `hostname; cat /etc/machine-id /proc/sys/kernel/random/uuid
python3 -c 'import os, random, uuid; print(os.urandom(16).hex()); print(random.random()); print(uuid.uuid4())'`

async function writeOwn(id: string): Promise<void> {
  await platform.api.shell(
    id,
    `echo ${id} > disk; echo ${id} > /dev/shm/memory
    yes ${id} | head -c 4194304 > big; cp big /dev/shm/big; sync`,
  )
}

/** Reads the disk as it is, not what the page cache has of it */
async function expectOwn(id: string): Promise<void> {
  const [mine, sums] = (
    await platform.api.shell(
      id,
      `echo 3 | sudo tee /proc/sys/vm/drop_caches > /dev/null; kill -0 $(cat pid) && cat disk /dev/shm/memory | tr '\\n' ' '; echo
      for f in big /dev/shm/big; do cmp $f <(yes ${id} | head -c 4194304) && echo same; done | tr '\\n' ' '`,
    )
  ).split("\n")
  expect([mine, sums]).toEqual([`${id} ${id} `, "same same "])
}

/** Leaves a mark in memory and on disk */
async function mark(id: string, text: string): Promise<void> {
  await platform.api.shell(id, `echo ${text} | tee -a marks >> /dev/shm/marks`)
}

async function expectMarks(id: string, marks: readonly string[]): Promise<void> {
  const text = await platform.api.shell(
    id,
    "sync; echo 3 | sudo tee /proc/sys/vm/drop_caches > /dev/null; cat marks /dev/shm/marks",
  )
  expect(text.trim().split("\n")).toEqual([...marks, ...marks])
}

/** Of all sandboxes, as the host reaches them */
async function hostAddresses(): Promise<string[]> {
  using agent = await hostAgentOf(platform)
  const { sandboxes } = await agent.listSandboxes({})
  return sandboxes.map(({ hostIp }) => hostIp)
}

function report({ stop_ms, size_bytes }: TemplateJson): void {
  process.stdout.write(`snapshot of a running sandbox: stop ${stop_ms} ms, ${size_bytes} bytes\n`)
}

/** Deletes all sandboxes and snapshots: nothing stays but the base template's frozen VMs, one build and one layer each */
async function clear(): Promise<void> {
  const { api, dataDir } = platform
  const left = (await api.list()).filter(({ status }: SandboxJson) => status !== "stopped")
  await inParallel(left.length, AT_A_TIME, async (index) => await api.delete(left[index]?.id ?? ""))
  for (const { name } of await api.snapshots("?type=snapshot")) await api.deleteSnapshot(name)
  expect(await platform.ledger()).toMatchObject({ files: [], vmFiles: [], vmmProcesses: [] })
  const warm = await warmSnapshotIds(dataDir)
  const counts = { snapshots: warm, builds: warm.length, layers: warm.length, names: [] }
  await expect
    .poll(
      async () => {
        const { snapshots, builds, layers, names } = await listFrozenFiles(dataDir)
        return { snapshots, builds: builds.length, layers: layers.length, names }
      },
      { timeout: SETTLE_MS, interval: 50 },
    )
    .toEqual(counts)
}
