import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { ApiError } from "./_api.ts"
import { armFault, type Fault } from "./_fault-injector.ts"
import { expectFrozen, expectHeld, readFrozen } from "./_held.ts"
import { startTestPlatform, type TestPlatform } from "./_platform.ts"
import { until } from "./_until.ts"
import { askWitness, startWitness } from "./_witness.ts"

const SNAPSHOT_STEPS = ["freeze", "state", "capture", "disk", "run", "layer", "publish", "name"]
const SNAPSHOT_OF_PAUSED_STEPS = ["state", "disk", "layer", "publish", "name"]
const SPAWN_STEPS = [
  "record",
  "template",
  "slot",
  "rootfs",
  "memory",
  "vmm",
  "prefetch",
  "confirm",
  "publish",
]
const SPAWN_VMM_STEPS = ["prefetch", "confirm", "publish"]
/** Of the machine that a template is booted and frozen in */
const WARM_STEPS = ["slot", "rootfs", "vmm", "boot", "freeze", "state", "capture", "disk", "warm"]
const SETTLE_TIMEOUT_MS = 10_000

let platform: TestPlatform
let source = ""
let witness = ""

beforeAll(async () => {
  platform = await startTestPlatform({ THAW_SLOT_POOL_SIZE: "1" })
  ;({ id: source } = await platform.api.create({ memory_mib: 256 }))
  witness = await startWitness(platform.api, source)
})
afterAll(async () => await platform[Symbol.asyncDispose]())

async function arm(step: string, fault: Fault): Promise<void> {
  await armFault(platform.dataDir, step, fault)
}

async function restart(): Promise<void> {
  await platform.hostAgent.ended()
  platform.hostAgent.start()
  await platform.ready()
}

async function expectSourceIntact(): Promise<void> {
  await until(
    async () => await platform.api.get(source),
    ({ status }) => status === "running",
    SETTLE_TIMEOUT_MS,
  )
  expect(await askWitness(platform.api, source)).toBe(witness)
}

async function expectNoTemplate(): Promise<void> {
  expect(await platform.api.snapshots("?type=snapshot")).toEqual([])
  await expect(platform.api.create({ template: "frozen" })).rejects.toMatchObject({ status: 404 })
}

/** A template that can be made, used and deleted shows that nothing of the failure is in the way */
async function expectSnapshotWorks(): Promise<void> {
  await platform.api.snapshot(source, "frozen")
  const { id } = await platform.api.create({ template: "frozen" })
  expect(await askWitness(platform.api, id)).toBe(witness)
  await platform.api.delete(id)
  await platform.api.deleteSnapshot("frozen")
}

describe.each(SNAPSHOT_STEPS)("a snapshot of a running sandbox, at step %s", (step) => {
  it("leaves the source running and no template when the step fails", async () => {
    const before = await readFrozen(platform.dataDir)
    await arm(step, "fail")
    await expect(platform.api.snapshot(source, "frozen")).rejects.toMatchObject({ status: 500 })
    await expectSourceIntact()
    await expectNoTemplate()
    await expectHeld(platform, { running: 1 })
    await expectFrozen(platform, before)
    await expectSnapshotWorks()
  })

  it("leaves the source running and no template when the host agent is killed there", async () => {
    const before = await readFrozen(platform.dataDir)
    await arm(step, "kill")
    await expect(platform.api.snapshot(source, "frozen")).rejects.toMatchObject({ status: 503 })
    await restart()
    await expectSourceIntact()
    await expectNoTemplate()
    await expectHeld(platform, { running: 1 })
    await expectFrozen(platform, before)
    await expectSnapshotWorks()
  })
})

describe.each(["freeze", "state", "capture", "disk", "run"])(
  "a snapshot of a running sandbox, at step %s",
  (step) => {
    it("ends the source with a reason when its VMM is killed there, and leaves nothing", async () => {
      const before = await readFrozen(platform.dataDir)
      const { id } = await platform.api.create({ memory_mib: 256 })
      // The other one is not to be killed.
      await platform.api.pause(source)
      const paused = await readFrozen(platform.dataDir)
      await arm(step, "kill-vmm")
      const answer: unknown = await platform.api.snapshot(id, "frozen").catch((error: unknown) => error)
      await until(
        async () => await platform.api.get(id),
        ({ status, reason }) => status === "error" && reason !== undefined,
        SETTLE_TIMEOUT_MS,
      )
      if (answer instanceof ApiError) await expectNoTemplate()
      else await platform.api.deleteSnapshot("frozen")
      await platform.api.delete(id)
      await expectHeld(platform, { paused: 1 })
      await expectFrozen(platform, paused)
      await platform.api.resume(source)
      await expectSourceIntact()
      expect(before.length).toBeGreaterThan(0)
    })
  },
)

describe.each(SNAPSHOT_OF_PAUSED_STEPS)("a snapshot of a paused sandbox, at step %s", (step) => {
  it("leaves the source paused and no template when the step fails, or the host agent is killed", async () => {
    await platform.api.pause(source)
    const before = await readFrozen(platform.dataDir)
    await arm(step, "fail")
    await expect(platform.api.snapshot(source, "frozen")).rejects.toMatchObject({ status: 500 })
    await arm(step, "kill")
    await expect(platform.api.snapshot(source, "frozen")).rejects.toMatchObject({ status: 503 })
    await restart()
    expect(await platform.api.get(source)).toMatchObject({ status: "paused" })
    await expectNoTemplate()
    await expectHeld(platform, { paused: 1 })
    await expectFrozen(platform, before)
    await expectSnapshotWorks()
    await platform.api.resume(source)
    await expectSourceIntact()
  })
})

describe.each(["frozen", "base"])("a create from template %s", (template) => {
  beforeAll(async () => {
    if (template === "frozen") await platform.api.snapshot(source, "frozen")
  })
  afterAll(async () => {
    if (template === "frozen") await platform.api.deleteSnapshot("frozen")
  })
  const body = template === "base" ? { template, memory_mib: 256 } : { template }

  async function expectNothing(before: readonly string[]): Promise<void> {
    await until(
      async () =>
        (await platform.api.list()).filter(({ status }) => status !== "stopped" && status !== "error"),
      (alive) => alive.length === 1,
      SETTLE_TIMEOUT_MS,
    )
    await expectHeld(platform, { running: 1 })
    await expectFrozen(platform, before)
  }

  async function expectCreateWorks(): Promise<void> {
    const { id } = await platform.api.create(body)
    expect(await platform.api.shell(id, "hostname")).toBe(`${id}\n`)
    await platform.api.delete(id)
  }

  it.each(SPAWN_STEPS)("leaves nothing when step %s fails", async (step) => {
    const before = await readFrozen(platform.dataDir)
    await arm(step, "fail")
    await expect(platform.api.create(body)).rejects.toMatchObject({ status: 500 })
    await expectNothing(before)
    await expectCreateWorks()
  })

  it.each(SPAWN_STEPS)("leaves nothing when the host agent is killed at step %s", async (step) => {
    const before = await readFrozen(platform.dataDir)
    await arm(step, "kill")
    await expect(platform.api.create(body)).rejects.toMatchObject({ status: 503 })
    await restart()
    await expectNothing(before)
    await expectCreateWorks()
    await expectSourceIntact()
  })

  it.each(SPAWN_VMM_STEPS)("leaves nothing when the VMM is killed at step %s", async (step) => {
    // The other one is not to be killed.
    await platform.api.pause(source)
    const before = await readFrozen(platform.dataDir)
    await arm(step, "kill-vmm")
    await expect(platform.api.create(body)).rejects.toMatchObject({ status: 500 })
    await expectHeld(platform, { paused: 1 })
    await expectFrozen(platform, before)
    await expectCreateWorks()
    await platform.api.resume(source)
    await expectSourceIntact()
  })
})

describe("a create of a size that is not warm", () => {
  it.each(WARM_STEPS)("leaves nothing when step %s of its boot fails or is killed", async (step) => {
    const body = { memory_mib: 192 }
    const before = await readFrozen(platform.dataDir)
    await arm(step, "fail")
    await expect(platform.api.create(body)).rejects.toMatchObject({ status: 500 })
    await expectHeld(platform, { running: 1 })
    await expectFrozen(platform, before)
    await arm(step, "kill")
    await expect(platform.api.create(body)).rejects.toMatchObject({ status: 503 })
    await restart()
    await expectHeld(platform, { running: 1 })
    await expectFrozen(platform, before)
    await expectSourceIntact()
  })

  it("succeeds after all that", async () => {
    const { id } = await platform.api.create({ memory_mib: 192 })
    expect(await platform.api.shell(id, "echo done")).toBe("done\n")
    await platform.api.delete(id)
  })
})
