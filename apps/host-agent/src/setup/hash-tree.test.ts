import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { expect, it } from "vitest"

import { hashTree } from "./hash-tree.ts"

it("hashTree() changes with content, name and executable bit, and with nothing else", async () => {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), "thaw-hash-"))
  stack.defer(async () => await rm(directory, { recursive: true }))
  const hash = async () => await hashTree(directory, { salt: "1", excludedNames: ["target"] })
  const file = join(directory, "a")
  await writeFile(file, "one", { mode: 0o644 })
  const first = await hash()

  await writeFile(file, "two")
  const second = await hash()
  await chmod(file, 0o755)
  const third = await hash()
  await mkdir(join(directory, "sub"))
  await writeFile(join(directory, "sub", "b"), "two")
  const fourth = await hash()
  expect(new Set([first, second, third, fourth]).size).toBe(4)

  await mkdir(join(directory, "target"))
  await writeFile(join(directory, "target", "c"), "left out")
  expect(await hash()).toBe(fourth)
  expect(await hashTree(directory, { salt: "2", excludedNames: ["target"] })).not.toBe(fourth)
})
