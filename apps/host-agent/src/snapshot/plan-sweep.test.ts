import fc from "fast-check"
import { describe, expect, it } from "vitest"

import { planDataSweep, planSnapshotSweep, type KnownSnapshot } from "./plan-sweep.ts"

const NOTHING: ReadonlySet<string> = new Set()

function known(id: string, builds: string[] | undefined, layers: string[] | undefined = []): KnownSnapshot {
  return { id, builds: builds && new Set(builds), layers: layers && new Set(layers) }
}

describe("planSnapshotSweep()", () => {
  it.each([
    { what: "unnamed", named: [], brokenNames: [], pinned: [], gone: ["a", "b"] },
    { what: "named", named: ["a"], brokenNames: [], pinned: [], gone: ["b"] },
    { what: "pinned", named: ["a"], brokenNames: [], pinned: ["b"], gone: [] },
    { what: "with a name that cannot be read", named: [], brokenNames: ["x"], pinned: [], gone: [] },
    { what: "named and not there", named: ["c"], brokenNames: [], pinned: [], gone: ["a", "b"] },
  ])("$what", ({ named, brokenNames, pinned, gone }) => {
    const plan = planSnapshotSweep({
      snapshotIds: ["a", "b"],
      references: { snapshots: new Set(named), brokenNames },
      pinned: { snapshots: new Set(pinned) },
    })
    expect(plan).toEqual(gone)
  })
})

describe("planDataSweep()", () => {
  const base = {
    builds: ["b1", "b2"],
    layers: ["l1", "l2"],
    references: { layers: NOTHING },
    pinned: { builds: NOTHING, layers: NOTHING },
  }

  it.each([
    { what: "no snapshots", snapshots: [], builds: ["b1", "b2"], layers: ["l1", "l2"], unreadable: [] },
    {
      what: "some needed",
      snapshots: [known("s", ["b1"], ["l2"])],
      builds: ["b2"],
      layers: ["l1"],
      unreadable: [],
    },
    {
      what: "header unreadable",
      snapshots: [known("s", undefined, ["l2"])],
      builds: [],
      layers: ["l1"],
      unreadable: ["s"],
    },
    {
      what: "manifest unreadable",
      snapshots: [{ id: "s", builds: new Set(["b2"]), layers: undefined }],
      builds: ["b1"],
      layers: [],
      unreadable: ["s"],
    },
  ])("$what", ({ snapshots, builds, layers, unreadable }) => {
    expect(planDataSweep({ ...base, snapshots })).toEqual({ builds, layers, unreadable })
  })

  it("keeps what is pinned and the layers that sandboxes name", () => {
    const plan = planDataSweep({
      ...base,
      snapshots: [],
      references: { layers: new Set(["l1"]) },
      pinned: { builds: new Set(["b2"]), layers: new Set(["l2"]) },
    })
    expect(plan).toEqual({ builds: ["b1"], layers: [], unreadable: [] })
  })
})

it("never deletes what is named, and everything that is not", () => {
  const id = fc.integer({ min: 0, max: 12 }).map(String)
  const ids = fc.uniqueArray(id, { maxLength: 10 })
  const needs = fc.option(ids, { nil: undefined, freq: 8 })
  const input = fc.record({
    snapshots: fc.uniqueArray(fc.record({ id, builds: needs, layers: needs }), {
      selector: (s) => s.id,
      maxLength: 8,
    }),
    builds: ids,
    layers: ids,
    named: ids,
    namedLayers: ids,
    brokenNames: fc.array(fc.constant("x"), { maxLength: 1 }),
    pinned: fc.record({ snapshots: ids, builds: ids, layers: ids }),
  })
  fc.assert(
    fc.property(input, ({ snapshots, builds, layers, named, namedLayers, brokenNames, pinned }) => {
      const goneSnapshots = planSnapshotSweep({
        snapshotIds: snapshots.map(({ id }) => id),
        references: { snapshots: new Set(named), brokenNames },
        pinned: { snapshots: new Set(pinned.snapshots) },
      })
      const isKept = (id: string) =>
        brokenNames.length > 0 || named.includes(id) || pinned.snapshots.includes(id)
      expect(goneSnapshots).toEqual(snapshots.map(({ id }) => id).filter((id) => !isKept(id)))

      const kept = snapshots.filter(({ id }) => !goneSnapshots.includes(id))
      const plan = planDataSweep({
        snapshots: kept.map((s) => ({
          id: s.id,
          builds: s.builds && new Set(s.builds),
          layers: s.layers && new Set(s.layers),
        })),
        builds,
        layers,
        references: { layers: new Set(namedLayers) },
        pinned: { builds: new Set(pinned.builds), layers: new Set(pinned.layers) },
      })
      const isNeeded = (kind: "builds" | "layers", id: string) =>
        pinned[kind].includes(id) || kept.some((s) => s[kind] === undefined || s[kind].includes(id))
      expect(plan.builds).toEqual(builds.filter((id) => !isNeeded("builds", id)))
      expect(plan.layers).toEqual(layers.filter((id) => !isNeeded("layers", id) && !namedLayers.includes(id)))
    }),
    { numRuns: 500 },
  )
})
