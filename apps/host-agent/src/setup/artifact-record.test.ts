import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { expect, it } from "vitest"

import { readArtifactRecord, writeArtifactRecord } from "./artifact-record.ts"

async function openDirectory() {
  const path = await mkdtemp(join(tmpdir(), "thaw-record-"))
  return { path, [Symbol.asyncDispose]: async () => await rm(path, { recursive: true }) }
}

it("a record is read as it was written", async () => {
  await using directory = await openDirectory()
  expect(await readArtifactRecord(directory.path, "initramfs")).toBeUndefined()
  const record = { sourceHash: "x", kernelRelease: "6.1.0", sizeBytes: 5 }
  await writeArtifactRecord(directory.path, "initramfs", record)
  expect(await readArtifactRecord(directory.path, "initramfs")).toEqual(record)
})

it.each([
  "",
  "{",
  "{}",
  '{"release":"x","packageVersion":"1","directory":"../x","sizeBytes":1,"sha256":"x"}',
])("a record that is %j counts as none, so the step runs again", async (text) => {
  await using directory = await openDirectory()
  await writeFile(join(directory.path, "kernel.json"), text)
  expect(await readArtifactRecord(directory.path, "kernel")).toBeUndefined()
})
