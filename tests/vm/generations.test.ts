import { randomBytes } from "node:crypto"

import { LIMITS } from "@thaw/model"
import { expect, it } from "vitest"

import { startTestPlatform } from "./_platform.ts"
import { allocatedBytes, listFrozenFiles } from "./_snapshot-files.ts"

const GENERATIONS = 50
const WRITTEN_BYTES = 20_000
/** Of the base template's frozen VM, which sandboxes share */
const SHARED_BUILDS = 1
/** While some are being merged, those before and the one after are there together */
const BUILDS_MAX = 2 * LIMITS.memoryBuildsMax
const SETTLE_MS = 20_000

it(
  `${GENERATIONS} generations of one sandbox keep its content, and neither files nor times add up`,
  { timeout: 600_000 },
  async () => {
    await using platform = await startTestPlatform()
    const { api, dataDir } = platform
    const { id } = await api.create({ memory_mib: 128 })
    const empty = await allocatedBytes(dataDir, ["builds", "snapshots", "layers", "sandboxes"])
    const resumeMs: number[] = []
    const pauseMs: number[] = []
    const written: string[] = []
    let buildsMax = 0
    for (let generation = 1; generation <= GENERATIONS; generation++) {
      const text = randomBytes(WRITTEN_BYTES).toString("base64")
      written.push(text)
      await api.shell(id, "tee -a disk >> /dev/shm/memory", { stdin: text })
      const pausedAt = performance.now()
      const { pause } = await api.pause(id)
      const resumedAt = performance.now()
      expect(pause?.generation).toBe(generation)
      await api.resume(id)
      resumeMs.push(performance.now() - resumedAt)
      pauseMs.push(resumedAt - pausedAt)
      buildsMax = Math.max(buildsMax, (await listFrozenFiles(dataDir)).builds.length)
    }
    expect(buildsMax).toBeLessThanOrEqual(BUILDS_MAX)
    const content = await api.shell(
      id,
      "sync; echo 3 | sudo tee /proc/sys/vm/drop_caches > /dev/null; cmp disk /dev/shm/memory && cat disk",
    )
    expect(content).toBe(written.join(""))

    await api.pause(id)
    await expect
      .poll(async () => (await listFrozenFiles(dataDir)).builds.length, { timeout: SETTLE_MS })
      .toBeLessThanOrEqual(LIMITS.memoryBuildsMax + SHARED_BUILDS)
    const full = await allocatedBytes(dataDir, ["builds", "snapshots", "layers", "sandboxes"])
    const { builds } = await listFrozenFiles(dataDir)
    process.stdout.write(
      `${GENERATIONS} generations: at most ${buildsMax} builds, ${builds.length} in the end; ${toMib(full - empty)} MiB on disk beside ${toMib(empty)} MiB of the template\n` +
        `resume ${describe(resumeMs)}; pause ${describe(pauseMs)}\n`,
    )
    await api.delete(id)
    await expect
      .poll(async () => (await listFrozenFiles(dataDir)).builds.length, { timeout: SETTLE_MS })
      .toBe(1)
  },
)

function describe(durationsMs: readonly number[]): string {
  const [first, last] = [durationsMs.slice(0, 10), durationsMs.slice(-10)].map(median)
  return `${first} ms at first, ${last} ms in the end`
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  return Math.round(sorted[sorted.length >> 1] ?? 0)
}

function toMib(bytes: number): number {
  return Math.round(bytes / 1024 / 1024)
}
