import { expect, it } from "vitest"

import { formatTemplateManifest, parseTemplateManifest, type TemplateManifest } from "./template-manifest.ts"

const MANIFEST: TemplateManifest = {
  formatVersion: 1,
  name: "base",
  buildId: "0000000010000000",
  createdAt: "2026-01-02T03:04:05.000Z",
  recipeHash: "a".repeat(64),
  packages: { bash: "5.2.15-2" },
  rootfs: { sizeBytes: 4096, allocatedBytes: 512 },
}

it("a manifest survives writing and reading", () => {
  expect(parseTemplateManifest(formatTemplateManifest(MANIFEST))).toEqual(MANIFEST)
})

it.each([
  ["another version", { ...MANIFEST, formatVersion: 2 }],
  ["a build id that is a path", { ...MANIFEST, buildId: "../../etc" }],
  ["an unknown field", { ...MANIFEST, extra: true }],
  ["no size", { ...MANIFEST, rootfs: { sizeBytes: 0, allocatedBytes: 0 } }],
])("parseTemplateManifest() refuses %s", (_, manifest) => {
  expect(() => parseTemplateManifest(JSON.stringify(manifest))).toThrow(/template manifest is not valid/)
})

it("parseTemplateManifest() refuses what is not JSON", () => {
  expect(() => parseTemplateManifest("{")).toThrow(SyntaxError)
})
