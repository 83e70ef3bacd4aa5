import { basename } from "node:path"

import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { ApiError } from "./_api.ts"
import { beginReading, finishReading, startColdMemory } from "./_cold-memory.ts"
import { armFault, findPagers } from "./_fault-injector.ts"
import { asLaterVersion, damage, findFrozenFiles, flip, flipInEveryBlock } from "./_frozen-files.ts"
import { expectFrozen, expectHeld, readFrozen } from "./_held.ts"
import { startTestPlatform, type TestPlatform } from "./_platform.ts"
import { until } from "./_until.ts"

const SETTLE_TIMEOUT_MS = 10_000
const STILL_MS_MAX = 2_000
/** Steps of a resume after which the pager has something to do */
const RESUME_STEPS = ["memory", "vmm", "prefetch", "confirm", "publish"]
const PAUSE_STEPS = ["freeze", "state", "capture", "publish", "commit", "free", "seal"]

let platform: TestPlatform
let id = ""
let sha256 = ""

beforeAll(async () => {
  // Without a prefetch all that a guest needs is a fault.
  platform = await startTestPlatform({ THAW_SLOT_POOL_SIZE: "1", THAW_PREFETCH: "off" })
  ;({ id } = await platform.api.create({ memory_mib: 256, timeout_sec: 3600 }))
  sha256 = await startColdMemory(platform.api, id)
})
afterAll(async () => await platform[Symbol.asyncDispose]())

async function freezeAndThaw(): Promise<void> {
  await platform.api.pause(id)
  await platform.api.resume(id)
}

async function pagerPid(): Promise<number> {
  const [pager] = await until(
    async () => await findPagers(platform.dataDir),
    (found) => found.length === 1,
    SETTLE_TIMEOUT_MS,
  )
  return pager?.pid ?? 0
}

async function expectMemory(): Promise<void> {
  await beginReading(platform.api, id)
  expect((await finishReading(platform.api, id)).sha256).toBe(sha256)
}

async function expectStatus(status: string): Promise<void> {
  await until(
    async () => await platform.api.get(id),
    (sandbox) => sandbox.status === status,
    SETTLE_TIMEOUT_MS,
  )
}

describe("a guest that reads memory which is not there yet", () => {
  it("goes on within 2 s when the pager is killed, with the right memory", async () => {
    await freezeAndThaw()
    await beginReading(platform.api, id)
    const before = await pagerPid()
    process.kill(before, "SIGKILL")
    const reading = await finishReading(platform.api, id)
    process.stdout.write(`pager killed: the guest's process stood still for ${reading.stillMs} ms\n`)
    expect(reading.sha256).toBe(sha256)
    expect(reading.stillMs).toBeLessThan(STILL_MS_MAX)
    expect(await pagerPid()).not.toBe(before)
  })

  it("goes on when the pager is killed again and again", async () => {
    await freezeAndThaw()
    await beginReading(platform.api, id)
    // Each is killed as soon as it is there: some have not begun to serve by then.
    for (let round = 0; round < 3; round++) process.kill(await pagerPid(), "SIGKILL")
    expect((await finishReading(platform.api, id)).sha256).toBe(sha256)
  })

  it("does not notice when the host agent is killed", async () => {
    await freezeAndThaw()
    const before = await pagerPid()
    await beginReading(platform.api, id)
    await platform.hostAgent.kill9()
    platform.hostAgent.start()
    await platform.ready()
    const reading = await finishReading(platform.api, id)
    process.stdout.write(`host agent killed: the guest's process stood still for ${reading.stillMs} ms\n`)
    expect(reading.sha256).toBe(sha256)
    expect(await pagerPid()).toBe(before)
    await expectHeld(platform, { running: 1 })
  })

  it("goes on when both are killed and the host agent is started again", async () => {
    await freezeAndThaw()
    await beginReading(platform.api, id)
    await platform.hostAgent.kill9()
    process.kill(await pagerPid(), "SIGKILL")
    platform.hostAgent.start()
    await platform.ready()
    expect((await finishReading(platform.api, id)).sha256).toBe(sha256)
    await expectHeld(platform, { running: 1 })
  })
})

it.each(RESUME_STEPS)("a resume during which the pager is killed at step %s loses nothing", async (step) => {
  await platform.api.pause(id)
  await armFault(platform.dataDir, step, "kill-pager")
  const answer: unknown = await platform.api.resume(id).catch((error: unknown) => error)
  if (answer instanceof ApiError) {
    process.stdout.write(`resume, pager killed at ${step}: ${answer.message}\n`)
    await expectStatus("paused")
    await expectHeld(platform, { paused: 1 })
    await pagerPid()
    await platform.api.resume(id)
  }
  await expectMemory()
  await expectHeld(platform, { running: 1 })
})

it.each(PAUSE_STEPS)("a pause during which the pager is killed at step %s loses nothing", async (step) => {
  const before = await readFrozen(platform.dataDir)
  await armFault(platform.dataDir, step, "kill-pager")
  const answer: unknown = await platform.api.pause(id).catch((error: unknown) => error)
  if (answer instanceof ApiError) {
    process.stdout.write(`pause, pager killed at ${step}: ${answer.message}\n`)
    await expectStatus("running")
    await expectMemory()
    await expectFrozen(platform, before)
    await platform.api.pause(id)
  }
  await expectHeld(platform, { paused: 1 })
  await pagerPid()
  await platform.api.resume(id)
  await expectMemory()
})

describe("a paused sandbox whose data is damaged", () => {
  beforeAll(async () => {
    await platform.api.pause(id)
    await expectHeld(platform, { paused: 1 })
    // Builds that are merged in the background are not there to be damaged later.
    await readFrozen(platform.dataDir)
  })

  async function expectDataLoss(path: string, edit: (bytes: Buffer) => Buffer | undefined, named: RegExp) {
    {
      await using _damage = await damage(path, edit)
      await expect(platform.api.resume(id)).rejects.toMatchObject({
        status: 500,
        body: { error: { code: "data_loss", message: expect.stringMatching(named) as string } },
      })
      expect(await platform.api.get(id)).toMatchObject({ status: "paused" })
      await expectHeld(platform, { paused: 1 })
    }
  }

  it.each<
    readonly [string, "buildPath" | "headerPath" | "statePath", (bytes: Buffer) => Buffer | undefined, RegExp]
  >([
    ["a build that is missing", "buildPath", () => undefined, /build .* is missing/],
    ["a build that was cut", "buildPath", (bytes) => bytes.subarray(0, -5000), /build .* is truncated/],
    ["a build whose blocks are damaged", "buildPath", flipInEveryBlock, /build .* is damaged/],
    [
      "a build whose table is damaged",
      "buildPath",
      (bytes) => flip(bytes, bytes.length - 100),
      /build .* is damaged/,
    ],
    ["a header of a later version", "headerPath", asLaterVersion, /header.* version|version.* header/],
    ["a damaged header", "headerPath", (bytes) => flip(bytes, 40), /header|checksum/],
    ["a missing header", "headerPath", () => undefined, /header is missing/],
    ["a damaged VM state", "statePath", (bytes) => flip(bytes, 1000), /VM state is damaged/],
    ["a VM state that was cut", "statePath", (bytes) => bytes.subarray(0, 1000), /VM state has 1000 bytes/],
    ["a missing VM state", "statePath", () => undefined, /VM state is missing/],
  ])("stays paused and says so: %s", async (_what, file, edit, named) => {
    const files = await findFrozenFiles(platform.dataDir, id)
    await expectDataLoss(files[file], edit, named)
  })

  it("says so too when the template's blocks are damaged", async () => {
    const { baseBuildPath } = await findFrozenFiles(platform.dataDir, id)
    await expectDataLoss(baseBuildPath, flipInEveryBlock, /build .* is damaged/)
  })

  it("says so too when it is the template's build that is missing", async () => {
    const { baseBuildPath } = await findFrozenFiles(platform.dataDir, id)
    await expectDataLoss(baseBuildPath, () => undefined, /build .* is missing/)
  })

  it("resumes with all it had once the data is back", async () => {
    await platform.api.resume(id)
    await expectMemory()
  })
})

describe("a sandbox whose data is damaged where it is not needed at once", () => {
  it("runs until it needs it, and ends with a reason that names the damage", async () => {
    await platform.api.pause(id)
    await readFrozen(platform.dataDir)
    const { largestBuildPath } = await findFrozenFiles(platform.dataDir, id)
    // A run of blocks in the middle: all but certainly the process's memory.
    const spoil = (bytes: Buffer) => {
      const middle = Math.floor(bytes.length / 2 / 4096) * 4096
      for (let block = 0; block < 1024; block++) flip(bytes, middle + block * 4096 + 7)
      return bytes
    }
    await damage(largestBuildPath, spoil)
    await platform.api.resume(id)
    const reading = beginReading(platform.api, id).then(async () => await finishReading(platform.api, id))
    await expect(reading).rejects.toBeInstanceOf(ApiError)
    await expectStatus("error")
    const { reason } = await platform.api.get(id)
    process.stdout.write(`running on damaged data: ${reason}\n`)
    expect(reason).toContain(basename(largestBuildPath))
    expect(reason).toContain("is damaged")
    await platform.api.delete(id)
    await expectHeld(platform, {})
  })

  it.each(["missing", "truncated"])(
    "is destroyed without a trace when paused and its build is %s",
    async (how) => {
      const { api } = platform
      const before = await readFrozen(platform.dataDir)
      const { id: other } = await api.create({ memory_mib: 256 })
      await api.shell(other, "head -c 10000000 /dev/urandom > ~/file")
      await api.pause(other)
      const { buildPath, headerPath } = await findFrozenFiles(platform.dataDir, other)
      await damage(buildPath, (bytes) => (how === "missing" ? undefined : bytes.subarray(0, 5000)))
      if (how === "truncated") await damage(headerPath, (bytes) => bytes.subarray(0, 50))
      await api.delete(other)
      expect(await api.get(other)).toMatchObject({ status: "stopped" })
      await expectHeld(platform, {})
      await expectFrozen(platform, before)
    },
  )
})
