import { readdir, rm, stat, truncate, writeFile } from "node:fs/promises"
import { join } from "node:path"

import { BLOCK_BYTES } from "@thaw/snapshot-format"
import { describe, expect, it } from "vitest"

import {
  FACTS,
  PAGES,
  fillDraft,
  flipBit,
  openStoreFixture,
  pauseAt,
  readPages,
  replaceBy,
  type StoreFixture,
} from "./_snapshot-fixture.ts"
import type { Snapshot } from "./read-snapshot.ts"
import { layerPath } from "./snapshot-files.ts"

const NO_SUCH_ID = "0123456789abcdef"

async function ledger({ paths }: StoreFixture) {
  const [snapshots, builds, layers] = await Promise.all(
    [paths.snapshotsDir, paths.buildsDir, paths.layersDir].map((directory) => readdir(directory)),
  )
  return { snapshots, builds, layers }
}

describe("publish and open", () => {
  it("gives back what was frozen, and its parent's memory where nothing changed", async () => {
    await using fixture = await openStoreFixture()
    const first = await pauseAt(fixture, "a", { pages: { 1: 11, 2: 12, 3: 13 }, disk: "disk" })
    const second = await pauseAt(fixture, "b", { parent: first, pages: { 2: 0, 3: 23 } })

    expect(second.manifest).toMatchObject({
      generation: 1,
      memoryMib: FACTS.memoryMib,
      guestToken: FACTS.guestToken,
    })
    const opened = await fixture.store.open(second.id)
    expect(opened).toEqual(second)
    expect((await readPages(opened, fixture.paths.buildsDir)).slice(0, 5)).toEqual([0, 11, 0, 23, 0])
    expect(opened.builds.size).toBe(2)
    expect(opened.rootfs).toBeUndefined()
    expect(first.rootfs?.format).toBe("qcow2")
    expect(first.diskLayers).toEqual([first.manifest.rootfs?.layerId])
    expect((await stat(opened.directory)).mode & 0o777).toBe(0o700)
    expect((await stat(join(opened.directory, "snapshot.json"))).mode & 0o777).toBe(0o600)
  })

  it("a draft that is not published leaves nothing", async () => {
    await using fixture = await openStoreFixture()
    {
      await using draft = await fixture.store.begin()
      await fillDraft(draft, { pages: { 1: 1 }, disk: "disk" })
      expect((await ledger(fixture)).builds).toHaveLength(1)
      await draft[Symbol.asyncDispose]()
    }
    expect(await ledger(fixture)).toEqual({ snapshots: [], builds: [], layers: [] })
  })

  it("does not publish what could not be opened", async () => {
    await using fixture = await openStoreFixture()
    {
      await using draft = await fixture.store.begin()
      await fillDraft(draft, { pages: { 1: 1 } })
      await truncate(join(draft.buildsDir, draft.buildId), 100)
      await expect(draft.publish(FACTS)).rejects.toMatchObject({ code: "data_loss" })
    }
    expect(await ledger(fixture)).toEqual({ snapshots: [], builds: [], layers: [] })
  })

  it("tells a snapshot that is not there from one that should be", async () => {
    await using fixture = await openStoreFixture()
    await expect(fixture.store.open(NO_SUCH_ID)).rejects.toMatchObject({ code: "not_found" })
    await expect(fixture.store.open("../sandboxes")).rejects.toMatchObject({ code: "not_found" })
    fixture.sandboxes.set("a", { snapshotId: NO_SUCH_ID })
    await expect(fixture.store.open(NO_SUCH_ID)).rejects.toMatchObject({
      code: "data_loss",
      message: `snapshot "${NO_SUCH_ID}" cannot be used: it is missing`,
    })
  })

  it("measures by allocated blocks all that a snapshot needs", async () => {
    await using fixture = await openStoreFixture()
    const first = await pauseAt(fixture, "a", { pages: { 1: 1, 2: 2 }, disk: "disk" })
    const second = await pauseAt(fixture, "b", { parent: first, pages: { 3: 3 } })
    const own = await fixture.store.sizeBytes(second.id)
    expect(own).toBeGreaterThan(3 * BLOCK_BYTES)
    expect(own).toBeLessThan(PAGES * BLOCK_BYTES)
    await expect(fixture.store.sizeBytes(NO_SUCH_ID)).rejects.toMatchObject({ code: "not_found" })
  })
})

interface Damage {
  readonly what: string
  readonly expected: RegExp
  readonly apply: (snapshot: Snapshot, fixture: StoreFixture) => Promise<void>
}

function buildPath({ builds }: Snapshot, { paths }: StoreFixture): string {
  return join(paths.buildsDir, [...builds][0] ?? "")
}

const DAMAGES: readonly Damage[] = [
  {
    what: "manifest missing",
    expected: /its manifest is missing/,
    apply: ({ directory }) => rm(join(directory, "snapshot.json")),
  },
  {
    what: "manifest empty",
    expected: /its manifest is damaged: it is not JSON/,
    apply: ({ directory }) => truncate(join(directory, "snapshot.json"), 0),
  },
  {
    what: "manifest too large",
    expected: /its manifest has 70000 bytes, at most 65536 are read/,
    apply: ({ directory }) => writeFile(join(directory, "snapshot.json"), " ".repeat(70_000)),
  },
  {
    what: "manifest of a later version",
    expected: /its manifest is of the later version 2, at most 1 is understood/,
    apply: ({ directory }) => writeFile(join(directory, "snapshot.json"), '{"formatVersion":2,"new":1}'),
  },
  {
    what: "manifest with an unknown field",
    expected: /its manifest is damaged: .*extra/s,
    apply: ({ directory, manifest }) =>
      writeFile(join(directory, "snapshot.json"), JSON.stringify({ ...manifest, extra: 1 })),
  },
  {
    what: "manifest of another snapshot",
    expected: /its manifest is that of snapshot "0123456789abcdef"/,
    apply: ({ directory, manifest }) =>
      writeFile(join(directory, "snapshot.json"), JSON.stringify({ ...manifest, id: NO_SUCH_ID })),
  },
  {
    what: "state missing",
    expected: /its VM state is missing/,
    apply: ({ statePath }) => rm(statePath),
  },
  {
    what: "state truncated",
    expected: /its VM state has 3 bytes, \d+ are expected/,
    apply: ({ statePath }) => truncate(statePath, 3),
  },
  {
    what: "state damaged",
    expected: /its VM state is damaged/,
    apply: ({ statePath }) => flipBit(statePath, 2),
  },
  {
    what: "header missing",
    expected: /memory header is missing/,
    apply: ({ headerPath }) => rm(headerPath),
  },
  {
    what: "header truncated",
    expected: /memory header has 90 bytes/,
    apply: ({ headerPath }) => truncate(headerPath, 90),
  },
  {
    what: "header damaged",
    expected: /memory header has checksum/,
    apply: ({ headerPath }) => flipBit(headerPath, 40),
  },
  {
    what: "header of a later version",
    expected: /memory header has version 0?\d+/,
    apply: ({ headerPath }) => flipBit(headerPath, 9),
  },
  {
    what: "header of another generation",
    expected: /its memory header is of generation 1, 0 is expected/,
    apply: async (snapshot, fixture) => {
      const child = await pauseAt(fixture, "child", { parent: snapshot, pages: { 9: 9 } })
      await replaceBy(snapshot.headerPath, child.headerPath)
    },
  },
  {
    what: "build missing",
    expected: /build "\w{16}" is missing/,
    apply: (snapshot, fixture) => rm(buildPath(snapshot, fixture)),
  },
  {
    what: "build truncated",
    expected: /build "\w{16}" is truncated/,
    apply: (snapshot, fixture) => truncate(buildPath(snapshot, fixture), BLOCK_BYTES),
  },
  {
    what: "build a little truncated",
    expected: /build "\w{16}" is truncated or damaged/,
    apply: async (snapshot, fixture) => {
      const path = buildPath(snapshot, fixture)
      await truncate(path, (await stat(path)).size - 4)
    },
  },
  {
    what: "build's footer damaged",
    expected: /build "\w{16}" is truncated or damaged/,
    apply: (snapshot, fixture) => flipBit(buildPath(snapshot, fixture), -10),
  },
  {
    what: "build of another id",
    expected: /build "\w{16}" is damaged: it says it is "\w{16}"/,
    apply: async (snapshot, fixture) => {
      const other = await pauseAt(fixture, "other", { pages: { 1: 1, 2: 2, 3: 3 } })
      await replaceBy(buildPath(snapshot, fixture), buildPath(other, fixture))
    },
  },
  {
    what: "layer missing",
    expected: /disk layer "\w{16}" is missing/,
    apply: ({ rootfs }) => rm(rootfs?.path ?? ""),
  },
  {
    what: "layer empty",
    expected: /disk layer "\w{16}" is empty/,
    apply: ({ rootfs }) => truncate(rootfs?.path ?? "", 0),
  },
  {
    what: "base template missing",
    expected: /build "\w{16}" of template "base" is missing/,
    apply: (_, { paths }) => rm(paths.templatesDir, { recursive: true }),
  },
]

describe("open() refuses damage and names it", () => {
  it.each(DAMAGES)("$what", async ({ expected, apply }) => {
    await using fixture = await openStoreFixture()
    const snapshot = await pauseAt(fixture, "a", { pages: { 1: 1, 2: 2 }, disk: "disk" })
    await apply(snapshot, fixture)
    await expect(fixture.store.open(snapshot.id)).rejects.toMatchObject({
      code: "data_loss",
      message: expect.stringMatching(expected) as string,
      details: { snapshot_id: snapshot.id },
    })
  })

  it("the layers below are needed too", async () => {
    await using fixture = await openStoreFixture()
    const base = await pauseAt(fixture, "a", { pages: { 1: 1 }, disk: "disk" })
    await using draft = await fixture.store.begin({ parentId: base.id, layers: base.diskLayers })
    await fillDraft(draft, { parent: base, pages: {}, disk: "overlay" })
    const snapshot = await draft.publish({ ...FACTS, layers: [...base.diskLayers], rootfs: { sizeBytes: 1 } })
    expect(snapshot.diskLayers).toEqual([draft.layerId, ...base.diskLayers])
    await rm(layerPath(fixture.paths.layersDir, base.diskLayers[0] ?? ""))
    await expect(fixture.store.open(snapshot.id)).rejects.toMatchObject({ code: "data_loss" })
  })
})
