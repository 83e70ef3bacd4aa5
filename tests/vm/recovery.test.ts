import { setTimeout as sleep } from "node:timers/promises"

import { findProcessesByArgument } from "@thaw/linux"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { ApiError, type SandboxJson } from "./_api.ts"
import { findVmms } from "./_fault-injector.ts"
import { expectHeld } from "./_held.ts"
import { startTestPlatform, type TestPlatform } from "./_platform.ts"
import { until } from "./_until.ts"

let platform: TestPlatform
beforeAll(async () => {
  platform = await startTestPlatform({ THAW_SLOT_POOL_SIZE: "1" })
})
afterAll(async () => await platform[Symbol.asyncDispose]())

describe("kill -9", () => {
  it("of the host agent leaves a sandbox running, and the next one adopts it", async () => {
    const { api, hostAgent } = platform
    const { id } = await api.create()
    await api.shell(id, "echo kept > ~/file; (sleep 1000 & echo $! > ~/pid)")
    await hostAgent.kill9()
    await expect(api.exec(id, "true")).rejects.toMatchObject({ status: 503 })
    hostAgent.start()
    await platform.ready()
    expect(await api.shell(id, "cat ~/file; kill -0 $(cat ~/pid) && echo alive")).toBe("kept\nalive\n")
    expect(await api.get(id)).toMatchObject({ status: "running" })
    await api.delete(id)
    expect((await platform.ledger()).files).toEqual([])
  })

  it("of the control plane leaves a sandbox running and known", async () => {
    const { api, controlPlane } = platform
    const { id } = await api.create()
    await controlPlane.kill9()
    controlPlane.start()
    await platform.ready()
    expect(await api.shell(id, "echo still here")).toBe("still here\n")
    await api.delete(id)
  })

  it("of the VMM is noticed within a second, with a reason, and leaves nothing", async () => {
    const { api } = platform
    const { id } = await api.create()
    process.kill(await vmmPid(id), "SIGKILL")
    const killedAt = performance.now()
    const ended = await until(
      async () => await api.get(id),
      ({ status }) => status !== "running",
      5_000,
    )
    process.stdout.write(
      `VMM's death visible in the API after ${Math.round(performance.now() - killedAt)} ms\n`,
    )
    expect(performance.now() - killedAt).toBeLessThan(1_000)
    expect(ended).toMatchObject({ status: "error", reason: "the VMM process ended" })
    await expect(api.exec(id, "true")).rejects.toMatchObject({
      status: 409,
      body: { error: { code: "wrong_state" } },
    })
    await until(
      async () => await platform.ledger(),
      ({ vmmProcesses, files }) =>
        vmmProcesses.length + files.filter((f) => !f.endsWith("record.json")).length === 0,
      5_000,
    )
    await api.delete(id)
    expect((await platform.ledger()).files).toEqual([])
  })

  it("of the VMM while the host agent is away is found by the next one", async () => {
    const { api, hostAgent } = platform
    const { id } = await api.create()
    const pid = await vmmPid(id)
    await hostAgent.kill9()
    process.kill(pid, "SIGKILL")
    hostAgent.start()
    await platform.ready()
    const ended = await until(
      async () => await api.get(id),
      ({ status }) => status !== "running",
      5_000,
    )
    expect(ended).toMatchObject({
      status: "error",
      reason: "the VMM process ended while the host agent was not running",
    })
    await api.delete(id)
  })
})

describe("the end of a sandbox by itself", () => {
  it("is reported when its guest powers off", async () => {
    const { api } = platform
    const { id } = await api.create()
    await api
      .exec(id, "sudo", [
        "bash",
        "-c",
        "echo 1 > /proc/sys/kernel/sysrq; echo o > /proc/sysrq-trigger; sleep 5",
      ])
      .catch(() => undefined)
    const ended = await until(
      async () => await api.get(id),
      ({ status }) => status !== "running",
      10_000,
    )
    expect(ended.status).toBe("error")
    expect(ended.reason).toContain("the guest shut down")
    await api.delete(id)
  })

  it("comes with its timeout", async () => {
    const { api } = platform
    const sandbox = await api.create({ timeout_sec: 3 })
    expect(sandbox.expires_at).toBeDefined()
    const ended = await until(
      async () => await api.get(sandbox.id),
      ({ status }) => status === "stopped",
      15_000,
    )
    expect(ended.reason).toBe("timeout reached")
    await api.delete(sandbox.id)
    expect((await platform.ledger()).vmmProcesses).toEqual([])
  })
})

it.each([10, 50, 100, 200, 300, 450])(
  "a control plane killed %i ms into a create leaves a running sandbox or nothing",
  async (delayMs) => {
    const { api } = platform
    await killControlPlaneDuring(api.create(), delayMs)
    const sandboxes = await until(
      async () => await unfinished(),
      (items) => items.every(({ status }) => status === "running"),
      30_000,
    )
    for (const { id } of sandboxes) {
      expect(await api.shell(id, "echo found")).toBe("found\n")
      await api.delete(id)
    }
    await expectEmpty()
  },
)

it.each([5, 30, 80, 150, 250])(
  "a control plane killed %i ms into a pause, and into a resume, leaves the sandbox in one of both",
  async (delayMs) => {
    const { api } = platform
    const { id } = await api.create()
    await api.shell(id, "echo kept > ~/file")
    for (const begin of [() => api.pause(id), () => api.resume(id)]) {
      await killControlPlaneDuring(begin(), delayMs)
      const { status } = await until(
        async () => await api.get(id),
        (sandbox) => sandbox.status === "running" || sandbox.status === "paused",
        30_000,
      )
      await expectHeld(platform, status === "running" ? { running: 1 } : { paused: 1 })
      // Whatever it was left in, the other one follows.
      if (status === "running") await api.pause(id)
    }
    await api.resume(id)
    expect(await api.shell(id, "cat ~/file")).toBe("kept\n")
    await api.delete(id)
    await expectEmpty()
  },
)

it("a VMM killed while its template boots fails the create", async () => {
  const { api } = platform
  const creating = api.create({ memory_mib: 224 }).catch((thrown: unknown) => thrown)
  const [vmm] = await until(
    async () => await vmms(),
    (found) => found.length > 0,
    10_000,
  )
  process.kill(vmm?.pid ?? 0, "SIGKILL")
  expect(await creating).toMatchObject({ status: 500 })
  await expectEmpty()
})

it("a delete while the template boots ends the create, and the boot is for the next one", async () => {
  const { api } = platform
  const creating = api.create({ memory_mib: 288 }).catch((thrown: unknown) => thrown)
  const [starting] = await until(
    async () => await unfinished(),
    (items) => items.length > 0,
    5_000,
  )
  await until(
    async () => await vmms(),
    (found) => found.length > 0,
    10_000,
  )
  await api.delete(starting?.id ?? "")
  expect(await creating).toBeInstanceOf(ApiError)
  await expectEmpty()
  expect(await api.get(starting?.id ?? "")).toMatchObject({ status: "stopped" })
})

async function killControlPlaneDuring(operation: Promise<unknown>, delayMs: number): Promise<void> {
  const { controlPlane } = platform
  const over = operation.catch(() => undefined)
  await sleep(delayMs)
  await controlPlane.kill9()
  await over
  controlPlane.start()
  await platform.ready()
}

async function unfinished(): Promise<SandboxJson[]> {
  return (await platform.api.list()).filter(({ status }) => status !== "stopped" && status !== "error")
}

async function vmms() {
  return await findVmms(platform.dataDir)
}

async function vmmPid(id: string): Promise<number> {
  const [vmm] = await findProcessesByArgument(`thaw-${id}`)
  if (vmm === undefined) throw new Error(`sandbox "${id}" has no VMM`)
  return vmm.pid
}

/** No VMM, file or slot of a sandbox is left; at most the pool's own slot */
async function expectEmpty(): Promise<void> {
  await expectHeld(platform, {})
}
