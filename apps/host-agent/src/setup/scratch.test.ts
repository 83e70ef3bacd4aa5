import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"

import { expect, it } from "vitest"

import { openScratch } from "./scratch.ts"

it("openScratch() removes what killed set-ups and builds left, and nothing else", async () => {
  await using stack = new AsyncDisposableStack()
  const parent = await mkdtemp(join(tmpdir(), "thaw-scratch-"))
  stack.defer(() => rm(parent, { recursive: true }))
  for (const name of ["setup-old", "template-old", "other"]) {
    await mkdir(join(parent, name))
    await writeFile(join(parent, name, "x"), "x")
  }
  {
    await using scratch = await openScratch(parent)
    expect(await readdir(scratch.path)).toEqual([])
    expect((await readdir(parent)).toSorted()).toEqual(["other", basename(scratch.path)])
  }
  expect(await readdir(parent)).toEqual(["other"])
})
