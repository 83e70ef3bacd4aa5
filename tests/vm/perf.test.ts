import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"

import { expect, it } from "vitest"

import { SLOT_CLAIMS_DIR, openSlotClaims } from "../../apps/host-agent/src/network/slot-claims.ts"
import { openSlotPool } from "../../apps/host-agent/src/network/slot-pool.ts"
import { openBareSnapshot, timeBareRestore } from "./_bare-restore.ts"
import { startTestPlatform, type TestPlatform } from "./_platform.ts"

const ROUNDS = 10

/** Prints, asserts nothing about times: three ways to a first command, round about, in one run */
it(
  "create and resume, beside a restore of the same snapshot by QEMU alone",
  { timeout: 600_000 },
  async () => {
    await using platform = await startTestPlatform({ THAW_SLOT_POOL_SIZE: "2" })
    const { api } = platform
    await using host = await openHost()
    // Makes the template warm, and records its working set.
    const first = await api.create({ timeout_sec: 0 })
    await api.exec(first.id, "true")
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    await api.delete(first.id)
    using snapshot = await openBareSnapshot(platform.dataDir)

    const bare: number[] = []
    const create: number[] = []
    const resume: number[] = []
    const stop: number[] = []
    const { id: paused } = await api.create({ timeout_sec: 0 })
    await api.exec(paused, "true")
    for (let round = 0; round < ROUNDS; round++) {
      bare.push(await timeBareRestore(snapshot, host))
      create.push(await timeCreate(platform))
      const answer = await api.pause(paused)
      stop.push(answer.pause?.stop_ms ?? Number.NaN)
      resume.push(await timeResume(platform, paused))
    }
    await api.delete(paused)
    expect(create).toHaveLength(ROUNDS)
    print("bare QEMU restore → first exec", bare, bare)
    print("create → first exec, over REST", create, bare)
    print("resume → first exec, over REST", resume, bare)
    print("pause: guest stands still", stop, stop)
    process.stdout.write(await describeFaults(platform))
  },
)

async function timeCreate({ api }: TestPlatform): Promise<number> {
  const startedAt = performance.now()
  const { id } = await api.create({ timeout_sec: 0 })
  await api.exec(id, "true")
  const elapsedMs = performance.now() - startedAt
  await api.delete(id)
  return elapsedMs
}

async function timeResume({ api }: TestPlatform, id: string): Promise<number> {
  const startedAt = performance.now()
  await api.resume(id)
  await api.exec(id, "true")
  return performance.now() - startedAt
}

async function openHost() {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), "thaw-bare-"))
  stack.defer(async () => await rm(directory, { recursive: true, force: true }))
  const claims = await openSlotClaims({ dir: SLOT_CLAIMS_DIR, dataDirId: basename(directory) })
  const pool = openSlotPool({
    claims,
    size: 0,
    onError: (error) => {
      throw error
    },
  })
  stack.defer(async () => await pool.close())
  const slot = stack.use(await pool.acquire())
  const owned = stack.move()
  return { slot, directory, [Symbol.asyncDispose]: async () => await owned.disposeAsync() }
}

function print(what: string, values: readonly number[], baseline: readonly number[]): void {
  const [p50, max] = [median(values), Math.max(...values)]
  const ratio = values === baseline ? "" : `, ${(p50 / median(baseline)).toFixed(2)} x bare`
  process.stdout.write(
    `${what}: p50 ${p50.toFixed(0)} ms, max ${max.toFixed(0)} ms of ${values.length}${ratio}\n`,
  )
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN
}

/** What the pager said of the VMs it served: faults until each VM's end, and how long a fault took */
async function describeFaults({ dataDir }: TestPlatform): Promise<string> {
  const log = await readFile(join(dataDir, "pager/pager.log"), "utf8")
  const ends = log
    .split("\n")
    .filter((line) => line.includes('"VM ended"'))
    .map(
      (line) =>
        JSON.parse(line) as {
          faults: number
          pagesPrefetched: number
          faultUsP50: number
          faultUsP99: number
        },
    )
  const lines = [
    ["faults per VM", ends.map(({ faults }) => faults)],
    ["pages prefetched per VM", ends.map(({ pagesPrefetched }) => pagesPrefetched)],
    ["fault service p50 (us)", ends.map(({ faultUsP50 }) => faultUsP50)],
    ["fault service p99 (us)", ends.map(({ faultUsP99 }) => faultUsP99)],
  ] as const
  return lines.map(([name, values]) => `${name}: median ${median(values).toFixed(0)}\n`).join("")
}
