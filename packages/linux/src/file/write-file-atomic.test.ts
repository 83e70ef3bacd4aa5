import { mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { afterEach, beforeEach, describe, expect, it } from "vitest"

import { writeFileAtomic } from "./write-file-atomic.ts"

describe("writeFileAtomic()", () => {
  let directory = ""
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "thaw-atomic-"))
  })
  afterEach(async () => await rm(directory, { recursive: true }))

  it("replaces a file and gives it its mode", async () => {
    const path = join(directory, "file")
    await writeFile(path, "old and longer", { mode: 0o644 })
    await writeFileAtomic(path, "new", { mode: 0o600 })
    expect(await readFile(path, "utf8")).toBe("new")
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(directory)).toEqual(["file"])
  })

  it("leaves nothing beside a target that it cannot replace", async () => {
    const path = join(directory, "directory")
    await writeFileAtomic(join(directory, "x"), "x", { mode: 0o600 })
    await rm(join(directory, "x"))
    await expect(writeFileAtomic(join(path, "absent", "file"), "x", { mode: 0o600 })).rejects.toThrow(
      "ENOENT",
    )
    expect(await readdir(directory)).toEqual([])
  })
})
