import assert from "node:assert/strict"
import { readdir } from "node:fs/promises"

import { parseTemplateName } from "@thaw/model"
import fc from "fast-check"
import { expect, it } from "vitest"

import {
  BASE,
  FACTS,
  PAGES,
  fillDraft,
  openStoreFixture,
  readPages,
  simulatePager,
  type StoreFixture,
} from "./_snapshot-fixture.ts"

const NAMES = ["one", "two"].map(parseTemplateName)
const PAGES_USED = 6

type Action =
  | { readonly kind: "pause"; readonly page: number; readonly value: number }
  | { readonly kind: "template" | "spawn" | "unname"; readonly name: number }
  | { readonly kind: "destroy" | "compact" | "sweep" }

/** What a snapshot must read back as, by its id */
type Expected = Map<string, readonly number[]>

/** One sandbox at a time: paused, made a template of, destroyed, spawned again */
class Actor {
  readonly #fixture: StoreFixture
  readonly #expected: Expected
  readonly #name: string
  #snapshotId: string | undefined
  #layers: readonly string[] = []

  constructor(name: string, { fixture, expected }: { fixture: StoreFixture; expected: Expected }) {
    this.#name = name
    this.#fixture = fixture
    this.#expected = expected
  }

  async act(action: Action): Promise<void> {
    const { store } = this.#fixture
    if (action.kind === "pause") return await this.#freeze({ [action.page]: action.value })
    if (action.kind === "template") return await this.#freeze({}, NAMES[action.name])
    if (action.kind === "spawn") return await this.#spawn(NAMES[action.name] ?? BASE)
    if (action.kind === "unname")
      return await store.names.delete(NAMES[action.name] ?? BASE).catch(() => undefined)
    if (action.kind === "destroy") return this.#record(undefined, [])
    if (action.kind === "sweep") return void (await store.sweep())
    if (this.#snapshotId === undefined) return
    await store.compact(this.#snapshotId, simulatePager())
    await this.check()
  }

  /** Opens what the sandbox is at, and throws unless all of it reads back as it should */
  async check(): Promise<void> {
    if (this.#snapshotId === undefined) return
    const { store, paths } = this.#fixture
    const snapshot = await store.open(this.#snapshotId)
    assert.deepEqual(await readPages(snapshot, paths.buildsDir), this.#expected.get(snapshot.id))
  }

  async #freeze(pages: Record<number, number>, name?: (typeof NAMES)[number]): Promise<void> {
    const { store } = this.#fixture
    const parent = this.#snapshotId === undefined ? undefined : await store.open(this.#snapshotId)
    await using draft = await store.begin({ parentId: parent?.id, layers: this.#layers })
    const before = this.#expected.get(parent?.id ?? "") ?? Array.from({ length: PAGES }, () => 0)
    this.#expected.set(
      draft.id,
      before.map((value, page) => pages[page] ?? value),
    )
    await fillDraft(draft, { parent, pages, ...(name && { disk: "disk" }) })
    const facts = { ...FACTS, layers: [...this.#layers] }
    await draft.publish(name === undefined ? facts : { ...facts, rootfs: { sizeBytes: 1 } })
    if (name === undefined) return this.#record(draft.id, this.#layers)
    const { vcpus, memoryMib } = FACTS
    const source = { sandboxId: this.#name, parent: BASE, stopMs: 0, vcpus, memoryMib }
    await store.names.replace({ name, snapshotId: draft.id, createdAtMs: 0, ...source })
  }

  async #spawn(name: (typeof NAMES)[number]): Promise<void> {
    const { store } = this.#fixture
    using held = await store.holdNamed(name)
    if (held === undefined) return
    const { id, diskLayers } = await store.open(held.template.snapshotId)
    this.#record(id, diskLayers)
    await this.check()
  }

  #record(snapshotId: string | undefined, layers: readonly string[]): void {
    this.#snapshotId = snapshotId
    this.#layers = layers
    if (snapshotId === undefined) this.#fixture.sandboxes.delete(this.#name)
    else this.#fixture.sandboxes.set(this.#name, { snapshotId, layers })
    this.#fixture.store.sweepSoon()
  }
}

const name = fc.nat({ max: NAMES.length - 1 })
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("pause" as const),
      page: fc.nat({ max: PAGES_USED - 1 }),
      value: fc.nat({ max: 255 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom("template" as const, "spawn" as const, "unname" as const),
      name,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom("destroy" as const, "compact" as const, "sweep" as const) }),
  },
)

it("sandboxes that pause, spawn and go at once, with sweeps in between, keep their memory and leave nothing", async () => {
  const scripts = fc.array(fc.array(action, { minLength: 4, maxLength: 12 }), { minLength: 3, maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(scripts, async (scripts) => {
      await using fixture = await openStoreFixture({ memoryBuildsMax: 2 })
      const { store, paths, sandboxes } = fixture
      const expected: Expected = new Map()
      const actors = scripts.map((_, index) => new Actor(`sandbox${index}`, { fixture, expected }))
      await Promise.all(
        actors.map(async (actor, index) => {
          for (const action of scripts[index] ?? []) await actor.act(action)
        }),
      )
      await store.sweep()
      for (const actor of actors) await actor.check()
      expect(fixture.log.filter((line) => line.includes('"level":50'))).toEqual([])
      sandboxes.clear()
      for (const { name } of await store.names.list()) await store.names.delete(name)
      await store.sweep()
      const directories = [paths.snapshotsDir, paths.buildsDir, paths.layersDir]
      expect(await Promise.all(directories.map((path) => readdir(path)))).toEqual([[], [], []])
    }),
    { numRuns: 12 },
  )
}, 60_000)
