import { readdirSync } from "node:fs"
import { readdir, truncate, writeFile } from "node:fs/promises"
import { join } from "node:path"

import { parseTemplateName } from "@thaw/model"
import { describe, expect, it } from "vitest"

import { BASE, FACTS, fillDraft, openStoreFixture, pauseAt, readPages } from "./_snapshot-fixture.ts"

const NAME = parseTemplateName("mine")

function template(snapshotId: string) {
  return {
    name: NAME,
    snapshotId,
    createdAtMs: 1,
    sandboxId: "sbx1",
    parent: BASE,
    stopMs: 1.5,
    vcpus: FACTS.vcpus,
    memoryMib: FACTS.memoryMib,
  }
}

describe("sweep()", () => {
  it("deletes what nothing names and keeps the builds that a child still needs", async () => {
    await using fixture = await openStoreFixture()
    const { store, paths } = fixture
    const first = await pauseAt(fixture, "a", { pages: { 1: 1 }, disk: "disk" })
    const second = await pauseAt(fixture, "a", { parent: first, pages: { 2: 2 } })

    const report = await store.sweep()
    expect(report).toMatchObject({ snapshots: [first.id], builds: [], unreadable: [] })
    expect(report.layers).toEqual(first.diskLayers)
    expect(report.freedBytes).toBeGreaterThan(0)
    expect((await readPages(await store.open(second.id), paths.buildsDir)).slice(0, 3)).toEqual([0, 1, 2])

    fixture.sandboxes.clear()
    expect((await store.sweep()).builds).toHaveLength(2)
    expect(await readdir(paths.buildsDir)).toEqual([])
    expect(await readdir(paths.snapshotsDir)).toEqual([])
    expect(await store.sweep()).toMatchObject({ snapshots: [], builds: [], layers: [], freedBytes: 0 })
  })

  it("keeps layers that a sandbox's disk rests on when its template is gone", async () => {
    await using fixture = await openStoreFixture()
    const source = await pauseAt(fixture, "a", { pages: { 1: 1 }, disk: "disk" })
    const layers = [...source.diskLayers]
    fixture.sandboxes.clear()
    fixture.sandboxes.set("b", { layers })
    expect(await fixture.store.sweep()).toMatchObject({ snapshots: [source.id], layers: [] })
    fixture.sandboxes.clear()
    expect(await fixture.store.sweep()).toMatchObject({ layers })
  })

  it("deletes nothing when the references cannot be read", async () => {
    await using fixture = await openStoreFixture()
    await pauseAt(fixture, "a", { pages: { 1: 1 } })
    fixture.sandboxes.clear()
    fixture.onReadReferences = () => {
      throw new Error("journal is not readable")
    }
    await expect(fixture.store.sweep()).rejects.toThrow("journal is not readable")
    fixture.onReadReferences = () => {}
    expect((await fixture.store.sweep()).snapshots).toHaveLength(1)
  })

  it("a snapshot that cannot be read keeps all builds while it is named", async () => {
    await using fixture = await openStoreFixture()
    const { store } = fixture
    const damaged = await pauseAt(fixture, "a", { pages: { 1: 1 } })
    await pauseAt(fixture, "b", { pages: { 1: 1 } })
    await truncate(damaged.headerPath, 10)
    fixture.sandboxes.delete("b")
    const again = await fixture.reopen()
    expect(await again.sweep()).toMatchObject({ builds: [], unreadable: [damaged.id] })
    expect(fixture.log.join("")).toContain("data is kept that may not be needed")
    fixture.sandboxes.delete("a")
    expect((await store.sweep()).builds).toHaveLength(2)
  })

  it("a name that cannot be read keeps all snapshots", async () => {
    await using fixture = await openStoreFixture()
    const { store, paths } = fixture
    await pauseAt(fixture, "a", { pages: { 1: 1 } })
    fixture.sandboxes.clear()
    await writeFile(join(paths.namesDir, "later.json"), '{"formatVersion":2}')
    expect(await store.sweep()).toMatchObject({ snapshots: [], builds: [], unreadable: ["later"] })
    await expect(store.names.get("later")).rejects.toMatchObject({ code: "data_loss" })
    expect(await store.names.list()).toEqual([])
    await store.names.delete("later")
    expect((await store.sweep()).snapshots.length + (await readdir(paths.snapshotsDir)).length).toBeLessThan(
      2,
    )
  })
})

describe("sweep() beside other things", () => {
  it("leaves a draft alone in every state, and what it grows out of", async () => {
    await using fixture = await openStoreFixture()
    const { store, paths } = fixture
    const parent = await pauseAt(fixture, "a", { pages: { 1: 1 }, disk: "disk" })
    fixture.sandboxes.clear()
    await using draft = await store.begin({ parentId: parent.id, layers: parent.diskLayers })
    await store.sweep()
    await fillDraft(draft, { parent, pages: { 2: 2 }, disk: "overlay" })
    await store.sweep()
    const facts = { ...FACTS, layers: [...parent.diskLayers], rootfs: { sizeBytes: 1 } }
    const snapshot = await draft.publish(facts)
    await store.sweep()
    fixture.sandboxes.set("a", { snapshotId: snapshot.id })
    await draft[Symbol.asyncDispose]()
    expect(await store.sweep()).toMatchObject({ snapshots: [parent.id], builds: [], layers: [] })
    expect((await readPages(await store.open(snapshot.id), paths.buildsDir)).slice(0, 3)).toEqual([0, 1, 2])
  })

  it("sees a snapshot that goes from its pin to a name while the names are being read", async () => {
    await using fixture = await openStoreFixture()
    const { store } = fixture
    const draft = await store.begin()
    await fillDraft(draft, { pages: { 1: 1 } })
    fixture.onReadReferences = async () => {
      fixture.onReadReferences = () => {}
      const { id } = await draft.publish(FACTS)
      fixture.sandboxes.set("a", { snapshotId: id })
      await draft[Symbol.asyncDispose]()
    }
    expect(await store.sweep()).toMatchObject({ snapshots: [], builds: [] })
    await store.open(draft.id)
  })

  it("leaves what is pinned after the names have been read", async () => {
    await using fixture = await openStoreFixture()
    const { store } = fixture
    const { id } = await pauseAt(fixture, "a", { pages: { 1: 1 } })
    fixture.sandboxes.clear()
    fixture.onReadReferences = () => store.pin(id)[Symbol.dispose]()
    expect(await store.sweep()).toMatchObject({ snapshots: [], builds: [] })
    fixture.onReadReferences = () => {}
    expect(await store.sweep()).toMatchObject({ snapshots: [id] })
  })

  it("leaves what is pinned while others are being deleted", async () => {
    await using fixture = await openStoreFixture()
    const { store, paths } = fixture
    for (let count = 0; count < 20; count++) await pauseAt(fixture, "a", { pages: { 1: 1 } })
    fixture.sandboxes.clear()
    const count = () => readdirSync(paths.snapshotsDir).length
    const sweeping = store.sweep()
    while (count() > 18) await new Promise((resolve) => setImmediate(resolve))
    const pins = readdirSync(paths.snapshotsDir)
      .filter((name) => !name.startsWith("."))
      .map((id) => ({ id, pin: store.pin(id) }))
    await sweeping
    const left = readdirSync(paths.snapshotsDir)
    expect(left.length).toBeGreaterThan(10)
    for (const id of left) await store.open(id)
    for (const { pin } of pins) pin[Symbol.dispose]()
    await store.sweep()
    expect(count()).toBe(0)
  })

  it("runs one at a time, and requests during one share the next", async () => {
    await using fixture = await openStoreFixture()
    let running = 0
    let runs = 0
    fixture.onReadReferences = async () => {
      runs++
      expect(++running).toBe(1)
      await new Promise((resolve) => setTimeout(resolve, 5))
      running--
    }
    const first = fixture.store.sweep()
    await Promise.resolve()
    await new Promise((resolve) => setImmediate(resolve))
    await Promise.all([first, ...Array.from({ length: 5 }, () => fixture.store.sweep())])
    expect(runs).toBe(2)
  })
})

describe("names", () => {
  it("overwriting swaps the snapshot in one step and lets the old one go", async () => {
    await using fixture = await openStoreFixture()
    const { store } = fixture
    const [first, second] = [
      await pauseAt(fixture, "a", { pages: { 1: 1 } }),
      await pauseAt(fixture, "b", { pages: { 1: 2 } }),
    ]
    await store.names.create(template(first.id))
    await expect(store.names.create(template(second.id))).rejects.toMatchObject({ code: "already_exists" })
    fixture.sandboxes.clear()
    await store.names.replace(template(second.id))
    expect((await store.sweep()).unreadable).toEqual([])
    expect(await store.names.get("mine")).toMatchObject({ snapshotId: second.id, formatVersion: 1 })
    await store.open(second.id)
    await expect(store.open(first.id)).rejects.toMatchObject({ code: "not_found" })
    await store.names.delete("mine")
    await store.sweep()
    await expect(store.open(second.id)).rejects.toMatchObject({ code: "not_found" })
    await expect(store.names.delete("mine")).rejects.toMatchObject({ code: "not_found" })
    await expect(store.names.get("mine")).rejects.toMatchObject({ code: "not_found" })
  })

  it("of several that create one name at once, one does", async () => {
    await using fixture = await openStoreFixture()
    const { id } = await pauseAt(fixture, "a", { pages: { 1: 1 } })
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => fixture.store.names.create(template(id))),
    )
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1)
    expect(await readdir(fixture.paths.namesDir)).toEqual(["mine.json"])
  })

  it.each(["../x", "a/b", "", ".hidden", "a..b", "x".repeat(65)])("refuses the name %j", async (name) => {
    await using fixture = await openStoreFixture()
    const { names } = fixture.store
    await expect(names.find(name)).rejects.toMatchObject({ code: "invalid_argument" })
    await expect(names.delete(name)).rejects.toMatchObject({ code: "invalid_argument" })
    const entry = { ...template("0123456789abcdef"), name: name as typeof NAME }
    await expect(names.create(entry)).rejects.toMatchObject({ code: "invalid_argument" })
    await expect(names.replace(entry)).rejects.toMatchObject({ code: "invalid_argument" })
  })

  it("holdNamed() keeps the snapshot that the name stands for, whatever comes", async () => {
    await using fixture = await openStoreFixture()
    const { store } = fixture
    const first = await pauseAt(fixture, "a", { pages: { 1: 1 } })
    await store.names.create(template(first.id))
    fixture.sandboxes.clear()
    {
      using held = await store.holdNamed("mine")
      expect(held?.template.snapshotId).toBe(first.id)
      await store.names.delete("mine")
      await store.sweep()
      await store.open(first.id)
    }
    expect(await store.holdNamed("mine")).toBeUndefined()
    expect((await store.sweep()).snapshots).toEqual([first.id])
  })
})

it("holdNamed() looks again when the name has gone to another snapshot in between", async () => {
  await using fixture = await openStoreFixture()
  const { store } = fixture
  const first = await pauseAt(fixture, "a", { pages: { 1: 1 } })
  const second = await pauseAt(fixture, "b", { pages: { 1: 2 } })
  await store.names.create(template(first.id))
  fixture.sandboxes.delete("a")
  const find = store.names.find.bind(store.names)
  store.names.find = async (name) => {
    const found = await find(name)
    store.names.find = find
    await store.names.replace(template(second.id))
    await store.sweep()
    return found
  }
  using held = await store.holdNamed("mine")
  expect(held?.template.snapshotId).toBe(second.id)
  await store.names.delete("mine")
  fixture.sandboxes.clear()
  await store.sweep()
  await store.open(second.id)
})

describe("warm entries", () => {
  const subject = {
    template: "base",
    buildId: "0000000000000001",
    vcpus: 1,
    memoryMib: 1,
    vmm: FACTS.vmm,
    artifacts: "x",
  }

  it("keep their snapshot until they are stale", async () => {
    await using fixture = await openStoreFixture()
    const { store, paths } = fixture
    const { id } = await pauseAt(fixture, "a", { pages: { 1: 1 } })
    await store.warm.set(subject, id)
    fixture.sandboxes.clear()
    await store.sweep()
    const [entry] = await store.warm.list()
    expect(entry).toMatchObject({ snapshotId: id, subject })
    await writeFile(join(paths.warmDir, "broken.json"), "{")
    expect(await store.warm.get("broken")).toBeUndefined()
    await store.warm.deleteStale(({ artifacts }) => artifacts !== "x")
    expect(await readdir(paths.warmDir)).toHaveLength(1)
    await store.open(id)
    await store.warm.deleteStale(({ artifacts }) => artifacts === "x")
    await store.sweep()
    await expect(store.open(id)).rejects.toMatchObject({ code: "not_found" })
  })
})
