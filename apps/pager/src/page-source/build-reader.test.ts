import { readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { crc32 } from "node:zlib"

import type { PlatformError } from "@thaw/model"
import { BLOCK_BYTES, BUILD_FOOTER_BYTES, parseBuildId } from "@thaw/snapshot-format"
import { describe, expect, it, onTestFinished } from "vitest"

import { CaptureSeries } from "../capture/_guest-memory.ts"
import { captureMemory } from "../capture/capture-memory.ts"
import { BuildReader } from "./build-reader.ts"
import { readHeaderFile } from "./header-file.ts"
import { MemorySource } from "./memory-source.ts"

const PAGES = 64
const VERSION_OFFSET = 8
const ID = parseBuildId("0".repeat(16))

/** Memory whose pages 10 to 19 hold their number, and the rest zero */
function openSeries() {
  const series = new CaptureSeries(PAGES * BLOCK_BYTES)
  onTestFinished(() => series[Symbol.dispose]())
  using memory = series.openMemory()
  for (let page = 10; page < 20; page++) memory.write(page, Buffer.alloc(BLOCK_BYTES, page))
  captureMemory(series.request(memory, 0))
  return {
    buildsDir: series.buildsDir,
    headerPath: series.headerPath(0),
    buildPath: join(series.buildsDir, ID),
  }
}

function change(path: string, edit: (bytes: Buffer) => Buffer | void): void {
  const bytes = readFileSync(path)
  writeFileSync(path, edit(bytes) ?? bytes)
}

function flip(bytes: Buffer, at: number): void {
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at)
}

function expectDataLoss(action: () => unknown, message: RegExp | string): void {
  expect(action).toThrow(message)
  expect(action).toThrow(expect.objectContaining<Partial<PlatformError>>({ code: "data_loss" }))
}

describe("BuildReader", () => {
  it("reads blocks to any place of a buffer", () => {
    const { buildsDir } = openSeries()
    using reader = BuildReader.open(buildsDir, ID)
    expect(reader.dataBytes).toBe(10 * BLOCK_BYTES)
    const target = Buffer.alloc(4 * BLOCK_BYTES, 0xff)
    reader.readVerified(3 * BLOCK_BYTES, 2 * BLOCK_BYTES, target, BLOCK_BYTES)
    expect([0, 1, 2, 3].map((page) => target[page * BLOCK_BYTES])).toEqual([0xff, 13, 14, 0xff])
    expect(reader.checksumAt(0)).toBe(crc32(Buffer.alloc(BLOCK_BYTES, 10)))
    expectDataLoss(
      () => reader.readVerified(9 * BLOCK_BYTES, 2 * BLOCK_BYTES, target),
      `build '${ID}' is damaged: bytes 36864 to 45056 are named, but it has 40960`,
    )
  })

  it("names a build that is missing, empty, truncated or extended", () => {
    const { buildsDir, buildPath } = openSeries()
    const { length } = readFileSync(buildPath)
    change(buildPath, (bytes) => Buffer.concat([bytes, Buffer.from("x")]))
    expectDataLoss(() => BuildReader.open(buildsDir, ID), `build '${ID}' is truncated or overwritten: `)
    for (const size of [length - 1, length - BLOCK_BYTES, BUILD_FOOTER_BYTES, 10, 0]) {
      truncateSync(buildPath, size)
      expectDataLoss(() => BuildReader.open(buildsDir, ID), new RegExp(`^build '${ID}' is truncated`))
    }
    rmSync(buildPath)
    expectDataLoss(() => BuildReader.open(buildsDir, ID), `build '${ID}' is missing`)
  })

  it("notices that a block is gone from the middle", () => {
    const { buildsDir, buildPath } = openSeries()
    change(buildPath, (bytes) => bytes.subarray(BLOCK_BYTES))
    expectDataLoss(() => BuildReader.open(buildsDir, ID), `build '${ID}' is truncated: `)
  })

  it("names a build of another version, of another name, and one with a damaged end", () => {
    const { buildsDir, buildPath } = openSeries()
    const whole = readFileSync(buildPath)
    change(
      buildPath,
      (bytes) => void bytes.writeUInt32LE(99, bytes.length - BUILD_FOOTER_BYTES + VERSION_OFFSET),
    )
    expectDataLoss(
      () => BuildReader.open(buildsDir, ID),
      new RegExp(`^build '${ID}' is of another version: .*99`),
    )
    for (let at = whole.length - BUILD_FOOTER_BYTES - 40; at < whole.length; at++) {
      const damaged = Buffer.from(whole)
      flip(damaged, at)
      writeFileSync(buildPath, damaged)
      expectDataLoss(() => BuildReader.open(buildsDir, ID), new RegExp(`^build '${ID}' is `))
    }
    writeFileSync(buildPath, whole)
    const other = parseBuildId("1".repeat(16))
    renameSync(buildPath, join(buildsDir, other))
    expectDataLoss(
      () => BuildReader.open(buildsDir, other),
      `build '${other}' is damaged: it says that it is build '${ID}'`,
    )
  })

  it("serves no damaged block, nor one that is cut off while it is open", () => {
    const { buildsDir, buildPath } = openSeries()
    change(buildPath, (bytes) => flip(bytes, 4 * BLOCK_BYTES + 77))
    using reader = BuildReader.open(buildsDir, ID)
    const target = Buffer.alloc(10 * BLOCK_BYTES)
    reader.readVerified(0, 4 * BLOCK_BYTES, target)
    expectDataLoss(
      () => reader.readVerified(0, 10 * BLOCK_BYTES, target),
      `build '${ID}' is damaged: its block at byte ${4 * BLOCK_BYTES} has another checksum`,
    )
    truncateSync(buildPath, 2 * BLOCK_BYTES + 5)
    expectDataLoss(
      () => reader.readVerified(0, 4 * BLOCK_BYTES, target),
      `build '${ID}' is truncated: it ends at byte ${2 * BLOCK_BYTES + 5}`,
    )
    reader[Symbol.dispose]()
  })
})

describe("readHeaderFile()", () => {
  it("names a header that is missing, damaged, truncated or of a future version", () => {
    const { headerPath } = openSeries()
    const whole = readFileSync(headerPath)
    change(headerPath, (bytes) => void bytes.writeUInt32LE(99, VERSION_OFFSET))
    expectDataLoss(() => readHeaderFile(headerPath), /^memory header is of another version: .*99/)
    const damaged = Buffer.from(whole)
    flip(damaged, whole.length - 20)
    writeFileSync(headerPath, damaged)
    expectDataLoss(() => readHeaderFile(headerPath), /^memory header is damaged: /)
    for (const size of [whole.length - 1, 20, 0]) {
      writeFileSync(headerPath, whole.subarray(0, size))
      expectDataLoss(() => readHeaderFile(headerPath), /^memory header is /)
    }
    rmSync(headerPath)
    expectDataLoss(() => readHeaderFile(headerPath), "memory header is missing")
  })
})

describe("MemorySource", () => {
  it("reads runs, and reports zero memory without touching the target", () => {
    const { headerPath, buildsDir } = openSeries()
    using source = MemorySource.open(headerPath, buildsDir)
    const target = Buffer.alloc(PAGES * BLOCK_BYTES, 0xff)
    expect(source.readRun(0, source.memoryBytes, target)).toEqual({
      lengthBytes: 10 * BLOCK_BYTES,
      isZero: true,
    })
    expect(target[0]).toBe(0xff)
    expect(source.readRun(12 * BLOCK_BYTES, source.memoryBytes, target)).toEqual({
      lengthBytes: 8 * BLOCK_BYTES,
      isZero: false,
    })
    expect(target[0]).toBe(12)
    expect(source.readRun(19 * BLOCK_BYTES, BLOCK_BYTES, target, BLOCK_BYTES).lengthBytes).toBe(BLOCK_BYTES)
    expect(target[BLOCK_BYTES]).toBe(19)
    source.read(8 * BLOCK_BYTES, 4 * BLOCK_BYTES, target)
    expect([0, 1, 2, 3].map((page) => target[page * BLOCK_BYTES])).toEqual([0, 0, 10, 11])
    expect([...source.buildIds]).toEqual([ID])
    expect(() => source.readRun(source.memoryBytes, BLOCK_BYTES, target)).toThrow(RangeError)
  })

  it("does not open when a build is missing, and closes what it has opened", () => {
    const { headerPath, buildsDir, buildPath } = openSeries()
    rmSync(buildPath)
    expectDataLoss(() => MemorySource.open(headerPath, buildsDir), `build '${ID}' is missing`)
  })
})
