import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { encodeHeader, parseBuildId, type MemoryHeader } from "@thaw/snapshot-format"
import { expect, it } from "vitest"

import { findHeader } from "./find-header.ts"
import { readHeader } from "./read-header.ts"

const BUILD = parseBuildId("0123456789abcdef")
const SANDBOX_ID = "sbxaaaaaaaaaaaaaaaaa"
const SNAPSHOT_ID = "0000000000000abc"

const HEADER: MemoryHeader = {
  memoryBytes: 8192,
  generation: 0,
  buildId: BUILD,
  baseBuildId: BUILD,
  mappings: [
    { offsetBytes: 0, lengthBytes: 4096, build: BUILD, buildOffsetBytes: 0 },
    { offsetBytes: 4096, lengthBytes: 4096, build: undefined, buildOffsetBytes: 0 },
  ],
}

/** A data directory with one snapshot, which a sandbox and a name lead to */
async function makePlaces(stack: AsyncDisposableStack) {
  const directory = await mkdtemp(join(tmpdir(), "thaw-inspect-"))
  stack.defer(() => rm(directory, { recursive: true }))
  const places = {
    directory,
    sandboxesDir: join(directory, "sandboxes"),
    snapshotsDir: join(directory, "snapshots"),
    namesDir: join(directory, "names"),
  }
  const snapshotDir = join(places.snapshotsDir, SNAPSHOT_ID)
  const sandboxDir = join(places.sandboxesDir, SANDBOX_ID)
  for (const path of [snapshotDir, sandboxDir, places.namesDir]) await mkdir(path, { recursive: true })
  const headerPath = join(snapshotDir, "memfile.header")
  await writeFile(headerPath, encodeHeader(HEADER))
  const recordPath = join(sandboxDir, "record.json")
  await writeFile(recordPath, JSON.stringify({ status: "paused", snapshotId: SNAPSHOT_ID }))
  await writeFile(join(places.namesDir, "tools.json"), JSON.stringify({ snapshotId: SNAPSHOT_ID }))
  return { places, snapshotDir, headerPath, recordPath }
}

it("findHeader() follows sandboxes, names, directories and files", async () => {
  await using stack = new AsyncDisposableStack()
  const { places, snapshotDir, headerPath } = await makePlaces(stack)
  for (const what of [SANDBOX_ID, "tools", snapshotDir, headerPath]) {
    expect(await findHeader(what, places)).toBe(headerPath)
  }
  expect(await readHeader(headerPath)).toEqual(HEADER)
})

it.each([
  ["sbxbbbbbbbbbbbbbbbbb", "not_found", 'there is no sandbox "sbxbbbbbbbbbbbbbbbbb" on this host'],
  ["nothing", "not_found", '"nothing" is no file, and no sandbox or snapshot of this host'],
  ["./nothing/at/all", "not_found", "is no file"],
  ["../names/tools", "not_found", "is no file"],
])("findHeader() says that %j is not there", async (what, code, message) => {
  await using stack = new AsyncDisposableStack()
  const { places } = await makePlaces(stack)
  await expect(findHeader(what, places)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
  })
})

it.each([
  ["{}", "not_found", "has no frozen memory"],
  ["{", "data_loss", "is damaged"],
  ['{"snapshotId": "../../etc"}', "data_loss", "is damaged"],
])("findHeader() of a sandbox whose record is %j", async (record, code, message) => {
  await using stack = new AsyncDisposableStack()
  const { places, recordPath } = await makePlaces(stack)
  await writeFile(recordPath, record)
  await expect(findHeader(SANDBOX_ID, places)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
  })
})

it.each<[string, (bytes: Uint8Array) => Uint8Array]>([
  ["bad_magic", () => Buffer.alloc(4096, "x")],
  ["truncated", (bytes) => bytes.subarray(0, bytes.length - 1)],
  ["bad_checksum", (bytes) => bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1)],
])("readHeader() calls damage by its name: %s", async (reason, damage) => {
  await using stack = new AsyncDisposableStack()
  const { headerPath } = await makePlaces(stack)
  await writeFile(headerPath, damage(encodeHeader(HEADER)))
  await expect(readHeader(headerPath)).rejects.toMatchObject({
    code: "data_loss",
    details: { reason },
    message: expect.stringContaining(`(${reason})`),
  })
})

it("readHeader() of a file that is not there", async () => {
  await expect(readHeader("/nonexistent/memfile.header")).rejects.toMatchObject({ code: "not_found" })
})
