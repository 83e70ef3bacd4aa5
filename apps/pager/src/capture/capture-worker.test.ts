import { readdirSync } from "node:fs"

import { BLOCK_BYTES } from "@thaw/snapshot-format"
import { expect, it } from "vitest"

import { CaptureSeries, readMemory } from "./_guest-memory.ts"
import { CaptureWorker } from "./capture-worker.ts"

const PAGES = 256

it("CaptureWorker does its jobs in order, passes errors on, and can be canceled", async () => {
  using series = new CaptureSeries(PAGES * BLOCK_BYTES)
  await using worker = new CaptureWorker()
  const model = Buffer.alloc(PAGES * BLOCK_BYTES)
  using memory = series.openMemory()
  memory.write(3, model.fill(3, 3 * BLOCK_BYTES, 4 * BLOCK_BYTES).subarray(3 * BLOCK_BYTES, 4 * BLOCK_BYTES))
  const request = series.request(memory, 0)

  const canceled = worker.capture(request, AbortSignal.abort())
  const first = worker.capture(request)
  const again = worker.capture(request)
  const compacted = worker.compact({
    headerPath: series.headerPath(0),
    buildsDir: series.buildsDir,
    mergeBuildIds: [series.buildId(0)],
    buildId: series.buildId(1),
    newHeaderPath: series.headerPath(1),
  })
  await expect(canceled).rejects.toMatchObject({ code: "canceled" })
  await expect(again).rejects.toMatchObject({ code: "already_exists" })
  expect(await first).toMatchObject({ generation: 0, dataPages: 1 })
  expect(await compacted).toMatchObject({ dataPages: 1 })
  for (const number of [0, 1]) {
    expect(readMemory(series.headerPath(number), series.buildsDir).equals(model)).toBe(true)
  }
  await expect(worker.capture({ ...request, memoryPath: "/nowhere" })).rejects.toMatchObject({
    code: "internal",
    message: "the VM's memory cannot be opened",
    internal: expect.stringContaining("ENOENT") as unknown,
  })

  await worker[Symbol.asyncDispose]()
  await expect(worker.capture(request)).rejects.toMatchObject({ code: "canceled" })
  expect(readdirSync(series.buildsDir).filter((name) => name.startsWith("."))).toEqual([])
})
