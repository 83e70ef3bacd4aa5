import { mkdir, readdir, rename, writeFile } from "node:fs/promises"
import { join } from "node:path"

import { describe, expect, it } from "vitest"

import { FACTS, fillDraft, openStoreFixture, pauseAt } from "./_snapshot-fixture.ts"
import type { PublishStep } from "./snapshot-draft.ts"
import { removedSnapshotDir } from "./snapshot-files.ts"

const STEPS: readonly PublishStep[] = ["hashed", "manifest", "synced", "checked", "renamed"]

describe("publish, ended at a step", () => {
  it.each(STEPS)("by a crash after %s leaves the snapshot or nothing", async (step) => {
    await using fixture = await openStoreFixture()
    const { paths } = fixture
    // Without disposing, as when the process is killed
    const draft = await fixture.store.begin()
    await fillDraft(draft, { pages: { 1: 1 }, disk: "disk" })
    fixture.onPublishStep = (reached) => {
      if (reached === step) throw new Error("killed")
    }
    await expect(draft.publish({ ...FACTS, rootfs: { sizeBytes: 1 } })).rejects.toThrow("killed")

    const store = await fixture.reopen()
    const names = await readdir(paths.snapshotsDir)
    expect(names).toEqual(step === "renamed" ? [draft.id] : [])
    if (step === "renamed") await store.open(draft.id)
    await store.sweep()
    for (const directory of [paths.snapshotsDir, paths.buildsDir, paths.layersDir]) {
      expect(await readdir(directory)).toEqual([])
    }
  })

  it.each(STEPS)("by a failure after %s leaves nothing once it is swept", async (step) => {
    await using fixture = await openStoreFixture()
    const { paths, store } = fixture
    {
      await using draft = await store.begin()
      await fillDraft(draft, { pages: { 1: 1 }, disk: "disk" })
      fixture.onPublishStep = (reached) => {
        if (reached === step) throw new Error("disk is full")
      }
      await expect(draft.publish({ ...FACTS, rootfs: { sizeBytes: 1 } })).rejects.toThrow("disk is full")
    }
    await store.sweep()
    for (const directory of [paths.snapshotsDir, paths.buildsDir, paths.layersDir]) {
      expect(await readdir(directory)).toEqual([])
    }
  })
})

it("open() removes what a run that ended left half made, and nothing else", async () => {
  await using fixture = await openStoreFixture()
  const { paths } = fixture
  const kept = await pauseAt(fixture, "a", { pages: { 1: 1 }, disk: "disk" })
  const gone = await pauseAt(fixture, "b", { pages: { 1: 1 } })
  fixture.sandboxes.delete("b")
  await rename(gone.directory, removedSnapshotDir(paths.snapshotsDir, gone.id))
  await mkdir(join(paths.snapshotsDir, `.partial-${gone.id}`))
  await writeFile(join(paths.buildsDir, `${gone.id}.partial`), "x")
  await writeFile(join(paths.layersDir, `${gone.id}.qcow2.tmp`), "x")
  await writeFile(join(paths.namesDir, "mine.json.1.tmp"), "x")
  await writeFile(join(paths.buildsDir, "README"), "x")

  const store = await fixture.reopen()
  expect(await readdir(paths.snapshotsDir)).toEqual([kept.id])
  expect(await readdir(paths.namesDir)).toEqual([])
  expect(await readdir(paths.layersDir)).toEqual(kept.diskLayers.map((id) => `${id}.qcow2`))
  expect((await readdir(paths.buildsDir)).sort()).toEqual([...kept.builds, ...gone.builds, "README"].sort())
  expect(await store.sweep()).toMatchObject({ snapshots: [], builds: [...gone.builds], layers: [] })
  await store.open(kept.id)
})
