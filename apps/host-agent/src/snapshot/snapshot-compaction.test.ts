import { copyFile, readdir } from "node:fs/promises"
import { join } from "node:path"

import { LIMITS } from "@thaw/model"
import { expect, it } from "vitest"

import { FACTS, fillDraft, openStoreFixture, pauseAt, readPages, simulatePager } from "./_snapshot-fixture.ts"
import type { StoreFixture } from "./_snapshot-fixture.ts"
import type { Snapshot } from "./read-snapshot.ts"

/** A sandbox that has been paused one more time than its memory may be spread over builds */
async function pauseOften(fixture: StoreFixture, parent?: Snapshot): Promise<Snapshot> {
  let snapshot = parent
  for (let turn = 1; turn <= LIMITS.memoryBuildsMax + 1; turn++) {
    snapshot = await pauseAt(fixture, "a", { parent: snapshot, pages: { [turn]: turn + 100 } })
  }
  if (snapshot === undefined) throw new Error("nothing was paused")
  return snapshot
}

it("merges the builds of a long chain into one of equal content", async () => {
  await using fixture = await openStoreFixture()
  const { store, paths } = fixture
  const snapshot = await pauseOften(fixture)
  await store.sweep()
  const before = await readPages(snapshot, paths.buildsDir)
  const report = await store.compact(snapshot.id, simulatePager())
  expect(report).toMatchObject({ mergedBuilds: LIMITS.memoryBuildsMax + 1, bytesWritten: 1 })
  await store.sweep()
  const after = await store.open(snapshot.id)
  expect([...after.builds]).toEqual([report?.buildId])
  expect(await readdir(paths.buildsDir)).toEqual([report?.buildId])
  expect(await readPages(after, paths.buildsDir)).toEqual(before)
  expect(await store.compact(snapshot.id, simulatePager())).toBeUndefined()
})

it("leaves what other snapshots name where it is", async () => {
  await using fixture = await openStoreFixture()
  const { store, paths } = fixture
  const shared = await pauseAt(fixture, "template", { pages: { 50: 50 } })
  const snapshot = await pauseOften(fixture, shared)
  await store.sweep()
  await store.compact(snapshot.id, simulatePager())
  await store.sweep()
  const after = await store.open(snapshot.id)
  expect(after.builds.size).toBe(2)
  expect(await readPages(await store.open(shared.id), paths.buildsDir)).toContain(50)
})

it("keeps the old builds for who uses the snapshot and has read its old header", async () => {
  await using fixture = await openStoreFixture()
  const { store, paths } = fixture
  const snapshot = await pauseOften(fixture)
  await store.sweep()
  const draft = await store.begin({ parentId: snapshot.id })
  const headerPath = join(paths.dataDir, "old-header")
  await copyFile(snapshot.headerPath, headerPath)
  await store.compact(snapshot.id, simulatePager())
  await store.sweep()
  await fillDraft(draft, { parent: { ...snapshot, headerPath }, pages: { 200: 7 } })
  const child = await draft.publish(FACTS)
  fixture.sandboxes.set("b", { snapshotId: child.id })
  await draft[Symbol.asyncDispose]()
  await store.sweep()
  expect((await readPages(await store.open(child.id), paths.buildsDir))[1]).toBe(101)
  expect((await readPages(await store.open(snapshot.id), paths.buildsDir))[1]).toBe(101)
})

it("a sweep in the middle of a compaction takes nothing that it needs", async () => {
  await using fixture = await openStoreFixture()
  const { store, paths } = fixture
  const snapshot = await pauseOften(fixture)
  await store.sweep()
  await store.compact(
    snapshot.id,
    simulatePager(async () => void (await store.sweep())),
  )
  await store.sweep()
  const after = await store.open(snapshot.id)
  expect(after.builds.size).toBe(1)
  expect(await readdir(paths.buildsDir)).toEqual([...after.builds])
})

it("a compaction that fails changes nothing", async () => {
  await using fixture = await openStoreFixture()
  const { store, paths } = fixture
  const snapshot = await pauseOften(fixture)
  await store.sweep()
  const failing = {
    compact: async (request: Parameters<ReturnType<typeof simulatePager>["compact"]>[0]) => {
      await simulatePager().compact(request)
      throw new Error("pager is gone")
    },
  }
  await expect(store.compact(snapshot.id, failing)).rejects.toThrow("pager is gone")
  await store.sweep()
  expect((await store.open(snapshot.id)).builds).toEqual(snapshot.builds)
  expect((await readdir(snapshot.directory)).sort()).toEqual(["memfile.header", "snapshot.json", "vmstate"])
  expect(await readdir(paths.buildsDir)).toHaveLength(LIMITS.memoryBuildsMax + 1)
})
