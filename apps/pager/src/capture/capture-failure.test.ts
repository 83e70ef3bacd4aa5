import { readdirSync, rmSync, statSync, truncateSync, writeFileSync, readFileSync } from "node:fs"
import { join } from "node:path"

import { ensureTmpfs, unmount } from "@thaw/linux"
import { PlatformError } from "@thaw/model"
import { BLOCK_BYTES } from "@thaw/snapshot-format"
import { describe, expect, it, onTestFinished } from "vitest"

import { CaptureSeries, readMemory } from "./_guest-memory.ts"
import { captureMemory } from "./capture-memory.ts"
import { compactMemory } from "./compact-memory.ts"

const PAGES = 1024
const MEMORY_BYTES = PAGES * BLOCK_BYTES
const DISK_BYTES = MEMORY_BYTES / 2

const isRoot = process.getuid?.() === 0
if (!isRoot) console.log("tests of a full disk skipped: they need root to mount a small one")

/** The error that `action` raises */
function errorOf(action: () => unknown): PlatformError {
  try {
    action()
  } catch (error) {
    if (error instanceof PlatformError) return error
    throw error
  }
  throw new Error("nothing was raised")
}

/** A memory full of data, captured as number 0 */
function openSeries(): CaptureSeries {
  const series = new CaptureSeries(MEMORY_BYTES)
  onTestFinished(() => series[Symbol.dispose]())
  using memory = series.openMemory()
  for (let page = 0; page < PAGES; page++) memory.write(page, Buffer.alloc(BLOCK_BYTES, page % 251 || 1))
  captureMemory(series.request(memory, 0))
  return series
}

describe("captureMemory()", () => {
  it.skipIf(!isRoot)("leaves nothing on a disk that fills up, and says so", () => {
    const series = openSeries()
    const disk = join(series.buildsDir, "disk")
    ensureTmpfs(disk, { mode: 0o700, sizeBytes: DISK_BYTES })
    onTestFinished(() => unmount(disk))
    using memory = series.openMemory()
    for (let page = 0; page < PAGES; page++) memory.write(page, Buffer.alloc(BLOCK_BYTES, 7))
    const request = { ...series.request(memory, 1), buildsDir: disk, headerPath: join(disk, "header") }
    const error = errorOf(() => captureMemory(request))
    expect(error.code).toBe("capacity_exhausted")
    expect(error.message).toBe("memory snapshot cannot be written: the host's disk is full")
    expect(readdirSync(disk)).toEqual([])

    const compaction = {
      headerPath: series.headerPath(0),
      buildsDir: series.buildsDir,
      mergeBuildIds: [series.buildId(0)],
      buildId: series.buildId(2),
      newHeaderPath: join(disk, "header"),
    }
    writeFileSync(join(disk, "filler"), Buffer.alloc(DISK_BYTES - BLOCK_BYTES))
    truncateSync(join(disk, "filler"), DISK_BYTES - BLOCK_BYTES)
    writeFileSync(join(disk, "filler2"), Buffer.alloc(BLOCK_BYTES - 1))
    expect(errorOf(() => compactMemory(compaction)).code).toBe("capacity_exhausted")
    expect(readdirSync(disk)).toEqual(["filler", "filler2"])
    expect(readdirSync(series.buildsDir).sort()).toEqual([series.buildId(0), "disk", "header-0", "memory"])
  })

  it("leaves nothing when it is canceled in between", () => {
    const series = openSeries()
    using memory = series.openMemory(0)
    for (let page = 0; page < PAGES; page++) memory.write(page, Buffer.alloc(BLOCK_BYTES, 99))
    let checks = 0
    const error = errorOf(() => captureMemory(series.request(memory, 1, 0), () => ++checks > 2))
    expect(error.code).toBe("canceled")
    expect(readdirSync(series.buildsDir).sort()).toEqual([series.buildId(0), "header-0", "memory"])
  })

  it("takes the build back when the header cannot be written", () => {
    const series = openSeries()
    using memory = series.openMemory(0)
    memory.write(0, Buffer.from("x"))
    const request = { ...series.request(memory, 1, 0), headerPath: join(series.buildsDir, "no", "header") }
    expect(errorOf(() => captureMemory(request))).toMatchObject({
      code: "internal",
      message: "memory snapshot cannot be written: open failed, ENOENT",
    })
    expect(readdirSync(series.buildsDir).sort()).toEqual([series.buildId(0), "header-0", "memory"])
  })

  it("refuses a memory of another size, and a build that exists", () => {
    const series = openSeries()
    using memory = series.openMemory(0)
    const request = series.request(memory, 1, 0)
    expect(errorOf(() => captureMemory({ ...request, memoryBytes: BLOCK_BYTES })).message).toBe(
      `the VM's memory has ${MEMORY_BYTES} bytes, expected ${BLOCK_BYTES}`,
    )
    expect(errorOf(() => captureMemory({ ...request, memoryPath: "/nowhere" })).code).toBe("internal")
    truncateSync(memory.path, MEMORY_BYTES / 2)
    expect(errorOf(() => captureMemory({ ...request, memoryBytes: MEMORY_BYTES / 2 })).message).toBe(
      `the VM has a memory of ${MEMORY_BYTES / 2} bytes, what it was restored from has ${MEMORY_BYTES}`,
    )
    truncateSync(memory.path, MEMORY_BYTES)
    expect(errorOf(() => captureMemory(series.request(memory, 0, 0))).code).toBe("already_exists")
  })

  it("stores a page anew whose block in the parent is damaged, and refuses a parent that is missing", () => {
    const series = openSeries()
    const build = join(series.buildsDir, series.buildId(0))
    {
      using memory = series.openMemory(0)
      const whole = memory.read(5)
      const bytes = readFileSync(build)
      bytes.writeUInt8(bytes.readUInt8(5 * BLOCK_BYTES) ^ 1, 5 * BLOCK_BYTES)
      writeFileSync(build, bytes)
      expect(captureMemory(series.request(memory, 1, 0)).dataPages).toBe(1)
      expect(
        readMemory(series.headerPath(1), series.buildsDir).subarray(5 * BLOCK_BYTES, 6 * BLOCK_BYTES),
      ).toEqual(whole)
    }
    using memory = series.openMemory()
    rmSync(build)
    expect(errorOf(() => captureMemory(series.request(memory, 2, 0)))).toMatchObject({
      code: "data_loss",
      message: `build '${series.buildId(0)}' is missing`,
    })
  })
})

describe("compactMemory()", () => {
  it("refuses to copy a damaged block", () => {
    const series = openSeries()
    const build = join(series.buildsDir, series.buildId(0))
    const bytes = readFileSync(build)
    bytes.writeUInt8(bytes.readUInt8(9 * BLOCK_BYTES) ^ 1, 9 * BLOCK_BYTES)
    writeFileSync(build, bytes)
    const { size } = statSync(series.headerPath(0))
    const error = errorOf(() =>
      compactMemory({
        headerPath: series.headerPath(0),
        buildsDir: series.buildsDir,
        mergeBuildIds: [series.buildId(0)],
        buildId: series.buildId(1),
        newHeaderPath: series.headerPath(0),
      }),
    )
    expect(error.code).toBe("data_loss")
    expect(statSync(series.headerPath(0)).size).toBe(size)
    expect(readdirSync(series.buildsDir).sort()).toEqual([series.buildId(0), "header-0"])
  })
})
