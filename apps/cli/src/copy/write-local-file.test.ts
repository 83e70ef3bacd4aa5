import { mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Readable } from "node:stream"

import { afterEach, beforeEach, describe, expect, it } from "vitest"

import { writeLocalFile } from "./write-local-file.ts"

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "thaw-copy-"))
})
afterEach(async () => await rm(directory, { recursive: true }))

function content(...chunks: string[]): Readable {
  return Readable.from(chunks.map((chunk) => Buffer.from(chunk)))
}

describe("writeLocalFile()", () => {
  it("writes a file with its mode and leaves nothing else", async () => {
    const path = join(directory, "x")
    expect(await writeLocalFile(path, content("ab", "c"), 0o751)).toBe(3)
    expect(await readFile(path, "utf8")).toBe("abc")
    expect((await stat(path)).mode & 0o7777).toBe(0o751)
    expect(await readdir(directory)).toEqual(["x"])
  })

  it("keeps the old file when the source breaks", async () => {
    const path = join(directory, "x")
    await writeFile(path, "old")
    async function* broken(): AsyncGenerator<Buffer> {
      yield Buffer.from("new")
      throw new Error("connection lost")
    }
    await expect(writeLocalFile(path, Readable.from(broken()), 0o644)).rejects.toThrow("connection lost")
    expect(await readFile(path, "utf8")).toBe("old")
    expect(await readdir(directory)).toEqual(["x"])
  })

  it("replaces a symlink and does not follow it", async () => {
    await writeFile(join(directory, "target"), "target")
    await symlink("target", join(directory, "x"))
    await writeLocalFile(join(directory, "x"), content("new"), 0o644)
    expect(await readFile(join(directory, "target"), "utf8")).toBe("target")
  })

  it("writes to a device", async () => {
    expect(await writeLocalFile("/dev/null", content("abc"), 0o600)).toBe(3)
    expect((await stat("/dev/null")).isCharacterDevice()).toBe(true)
  })
})
