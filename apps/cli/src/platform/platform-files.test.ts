import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { readBootId } from "@thaw/linux"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

import { createFileAtomic } from "./create-file-atomic.ts"
import { readPlatformRecord, removePlatformRecord, writePlatformRecord } from "./platform-record.ts"
import { readLogTail } from "./read-log-tail.ts"
import { rotateLog } from "./rotate-log.ts"

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "thaw-platform-"))
})
afterEach(async () => await rm(directory, { recursive: true }))

describe("the platform's record", () => {
  const record = {
    version: 1,
    state: "ready",
    supervisor: { pid: 1, startTicks: 2 },
    processes: [{ name: "host-agent", pid: 3, startTicks: 4, startedAtMs: 5 }],
    url: "http://127.0.0.1:8080",
    port: 8080,
    agentPort: 50_051,
    startedAtMs: 6,
  } as const

  async function writeRecord(path: string, bootId: string) {
    const complete = { ...record, processes: [...record.processes], bootId }
    await writePlatformRecord(path, complete)
    return complete
  }

  it("is read as it was written, and may be missing", async () => {
    const path = join(directory, "run", "platform.json")
    expect(await readPlatformRecord(path)).toBeUndefined()
    const written = await writeRecord(path, await readBootId())
    expect(await readPlatformRecord(path)).toEqual(written)
    expect(await readdir(join(directory, "run"))).toEqual(["platform.json"])
    await removePlatformRecord(path)
    await removePlatformRecord(path)
    expect(await readPlatformRecord(path)).toBeUndefined()
  })

  it("counts as none after another boot", async () => {
    const path = join(directory, "platform.json")
    await writeRecord(path, "another")
    expect(await readPlatformRecord(path)).toBeUndefined()
  })

  it.each(["", "{}", '{"version":2}'])("is damaged when it holds %j", async (text) => {
    const path = join(directory, "platform.json")
    await writeFile(path, text)
    await expect(readPlatformRecord(path)).rejects.toThrow("is damaged")
  })
})

describe("logs", () => {
  it("are put aside when they have grown large", async () => {
    const path = join(directory, "x.log")
    await rotateLog(path, 3)
    await writeFile(path, "abc")
    await rotateLog(path, 3)
    expect(await readdir(directory)).toEqual(["x.log"])
    await writeFile(path, "abcd")
    await rotateLog(path, 3)
    expect(await readdir(directory)).toEqual(["x.log", "x.log.1"])
    expect(await readFile(`${path}.1`, "utf8")).toBe("abcd")
    expect(await readFile(path, "utf8")).toBe("")
  })

  it("are read from an offset, or less of them", async () => {
    const path = join(directory, "x.log")
    expect(await readLogTail(path, { offset: 0, bytesMax: 10 })).toBe("")
    await writeFile(path, "0123456789")
    expect(await readLogTail(path, { offset: 4, bytesMax: 100 })).toBe("456789")
    expect(await readLogTail(path, { offset: 0, bytesMax: 3 })).toBe("789")
    expect(await readLogTail(path, { offset: 10, bytesMax: 3 })).toBe("")
  })
})

it("createFileAtomic() never replaces a file and leaves nothing else", async () => {
  const path = join(directory, "x")
  expect(await createFileAtomic(path, "one", 0o600)).toBe(true)
  expect(await createFileAtomic(path, "two", 0o600)).toBe(false)
  expect(await readFile(path, "utf8")).toBe("one")
  expect(await readdir(directory)).toEqual(["x"])
})
