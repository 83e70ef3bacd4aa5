import { chmod, mkdir, mkdtemp, readdir, rm, stat, truncate, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { parseTemplateName } from "@thaw/model"
import { expect, it } from "vitest"

import { formatBuildId } from "./build-id.ts"
import { partialBuildDir, publishBuild, removePartialBuilds } from "./publish-build.ts"
import { CURRENT_LINK, MANIFEST_FILE, ROOTFS_FILE } from "./template-files.ts"
import { formatTemplateManifest } from "./template-manifest.ts"
import { TemplateStore } from "./template-store.ts"

const BASE = parseTemplateName("base")
const SIZE_BYTES = 8192

async function openStore() {
  const directory = await mkdtemp(join(tmpdir(), "thaw-templates-"))
  const templatesDir = join(directory, "templates")
  return {
    templatesDir,
    store: new TemplateStore({ templatesDir, scratchDir: join(directory, "scratch") }),
    [Symbol.asyncDispose]: async () => await rm(directory, { recursive: true }),
  }
}

async function publish(templatesDir: string, createdAt: Date): Promise<string> {
  const buildId = formatBuildId(createdAt, new Uint8Array(7))
  const templateDir = join(templatesDir, BASE)
  await removePartialBuilds(templateDir)
  const partialDir = partialBuildDir(templateDir, buildId)
  await mkdir(partialDir)
  await writeFile(join(partialDir, ROOTFS_FILE), Buffer.alloc(SIZE_BYTES))
  const manifest = formatTemplateManifest({
    formatVersion: 1,
    name: BASE,
    buildId,
    createdAt: createdAt.toISOString(),
    recipeHash: "0".repeat(64),
    packages: {},
    rootfs: { sizeBytes: SIZE_BYTES, allocatedBytes: 0 },
  })
  await writeFile(join(partialDir, MANIFEST_FILE), manifest)
  await publishBuild(templateDir, buildId, { currentLink: CURRENT_LINK })
  return buildId
}

it("open() says how to build a template that is not there", async () => {
  await using fixture = await openStore()
  await expect(fixture.store.open(BASE)).rejects.toMatchObject({
    code: "not_found",
    message: expect.stringContaining("thaw template build base") as string,
  })
  expect(await fixture.store.list()).toEqual([])
})

it("the newest build is current, the one before stays, and none can be written", async () => {
  await using fixture = await openStore()
  const first = await publish(fixture.templatesDir, new Date(1_000))
  const before = await fixture.store.open(BASE)
  const second = await publish(fixture.templatesDir, new Date(2_000))

  expect((await fixture.store.open(BASE)).buildId).toBe(second)
  expect((await fixture.store.list()).map(({ name }) => name)).toEqual(["base"])
  expect((await readdir(join(fixture.templatesDir, BASE))).sort()).toEqual([first, second, "current"].sort())
  const { mode, size } = await stat(before.rootfsPath)
  expect({ mode: mode & 0o777, size }).toEqual({ mode: 0o444, size: SIZE_BYTES })
})

it("what an interrupted build left is no template, and goes with the next build", async () => {
  await using fixture = await openStore()
  const templateDir = join(fixture.templatesDir, BASE)
  await mkdir(partialBuildDir(templateDir, "0000000010000000"), { recursive: true })
  expect(await fixture.store.list()).toEqual([])
  const buildId = await publish(fixture.templatesDir, new Date(1_000))
  expect((await readdir(templateDir)).sort()).toEqual([buildId, "current"].sort())
})

it("open() refuses a rootfs that is not as long as its manifest says", async () => {
  await using fixture = await openStore()
  await publish(fixture.templatesDir, new Date(1_000))
  const { rootfsPath } = await fixture.store.open(BASE)
  await chmod(rootfsPath, 0o644)
  await truncate(rootfsPath, 100)
  await expect(fixture.store.open(BASE)).rejects.toThrow(/its manifest says 8192/)
})
