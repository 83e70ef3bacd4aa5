import { randomInt } from "node:crypto"
import { readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

import { afterAll, beforeAll, describe, expect, it } from "vitest"

import type { SandboxJson } from "./_api.ts"
import { ExecStream } from "./_exec-stream.ts"
import { measureClock } from "./_guest-clock.ts"
import { Keeper } from "./_keeper.ts"
import { startTestPlatform, type TestPlatform } from "./_platform.ts"

const MIB = 1024 * 1024
const PAGE = 4096
const CYCLES = 10
const KEPT_BYTES = 64 * MIB
const SCATTERED = 40
const CLOCK_DIFFERENCE_MS_MAX = 50

let platform: TestPlatform
beforeAll(async () => {
  platform = await startTestPlatform()
})
afterAll(async () => await platform[Symbol.asyncDispose]())

describe("pause and resume", () => {
  it(
    `keep processes, memory, files, disk and connections over ${CYCLES} cycles`,
    { timeout: 600_000 },
    async () => {
      const { api } = platform
      const { id } = await api.create({ metadata: { purpose: "cycles" } })
      const keeper = await Keeper.start(api, id, KEPT_BYTES)
      await api.shell(
        id,
        "head -c 16777216 /dev/urandom > /dev/shm/kept; sha256sum /dev/shm/kept > tmpfs.sum",
      )
      let before = await keeper.check()
      for (let cycle = 0; cycle < CYCLES; cycle++) {
        await scatter(keeper, cycle)
        report(cycle, await api.pause(id))
        const startedAt = performance.now()
        const resumed = await api.resume(id)
        const resumeMs = performance.now() - startedAt
        expect(resumed).toMatchObject({ status: "running", template: "base", vcpus: 1, memory_mib: 512 })
        expect(resumed.metadata).toEqual({ purpose: "cycles" })
        await keeper.readThenWriteMemory(cycle * MIB, 64 * PAGE)
        process.stdout.write(
          `resume ${Math.round(resumeMs)} ms, first two execs done after ${Math.round(performance.now() - startedAt)} ms\n`,
        )
        const after = await keeper.check()
        expect(after.ticks).toBeGreaterThan(before.ticks)
        expect(after.pings).toBeGreaterThan(before.pings)
        await api.shell(id, "sha256sum --check --status tmpfs.sum")
        before = after
      }
      await api.delete(id)
      await expectNothingLeft()
    },
  )

  it("free everything but the disk while it is paused", async () => {
    const { api } = platform
    const { id } = await api.create()
    await api.pause(id)
    const ledger = await platform.ledger()
    expect(ledger).toMatchObject({ vmmProcesses: [], vmFiles: [] })
    expect(ledger.files.map((file) => file.split("/").slice(1).join("/"))).toEqual([
      `${id}/record.json`,
      `${id}/rootfs.base.json`,
      `${id}/rootfs.qcow2`,
    ])
    await api.delete(id)
    await expectNothingLeft()
  })

  it("set the guest's clock and keep its environment, size, template and metadata", async () => {
    const { api } = platform
    const shape = { vcpus: 2, memory_mib: 256, metadata: { a: "1", b: "" }, timeout_sec: 1000 }
    const { id } = await api.create({ ...shape, envs: { GREETING: "hello there", EMPTY: "" } })
    const created = await api.get(id)
    expect(created).toMatchObject(shape)
    for (let cycle = 0; cycle < 3; cycle++) {
      expect(await api.pause(id)).toMatchObject({ ...shape, template: "base", status: "paused" })
      await sleep(1_500)
      expect(await api.resume(id)).toMatchObject({ ...shape, template: "base", status: "running" })
      const clock = await measureClock(platform, id)
      process.stdout.write(`guest's clock after a resume: ${JSON.stringify(clock)}\n`)
      expect(clock.certainMs).toBeLessThan(CLOCK_DIFFERENCE_MS_MAX)
      expect(await api.shell(id, 'echo "$GREETING,${EMPTY-unset}"; nproc; hostname')).toBe(
        `hello there,\n2\n${id}\n`,
      )
    }
    await api.delete(id)
  })

  it("end the connections of commands in flight with a clear error, and let the commands go on", async () => {
    const { api } = platform
    const { id } = await api.create()
    using stream = await ExecStream.open(platform, id, {
      cmd: "bash",
      args: [
        "-c",
        "echo $$ > pid; n=0; while :; do echo $n; echo $n > count; n=$((n + 1)); sleep 0.05; done",
      ],
    })
    await stream.until(() => stream.output().includes("3\n"))
    const unary = api.exec(id, "sh", ["-c", "sleep 3; echo done > unary"]).catch((error: unknown) => error)
    await api.shell(id, "until pgrep -x sleep > /dev/null; do :; done")
    const expected = { code: "wrong_state", message: expect.stringContaining("paused") as string }
    await api.pause(id)
    expect(await stream.exit()).toMatchObject({ type: "error", error: expected })
    expect(await unary).toMatchObject({ status: 409, body: { error: expected } })
    await expect(api.exec(id, "true")).rejects.toMatchObject({ status: 409 })
    await api.resume(id)
    const count = Number(await api.shell(id, "kill -0 $(cat pid) && cat count"))
    await api.shell(id, `until [ "$(cat count)" -gt ${count} ]; do sleep 0.05; done`)
    await api.shell(id, "until [ -e unary ]; do sleep 0.1; done; cat unary")
    await api.delete(id)
  })
})

describe("a second pause", () => {
  it("of an idle sandbox writes less than a tenth of the first", async () => {
    const { api } = platform
    const { id } = await api.create()
    const first = await api.pause(id)
    await api.resume(id)
    const second = await api.pause(id)
    // The VM that all of this template and size are restored from was written whole, before anything was a difference to it.
    const wholeBytes = await largestBuildBytes(platform)
    await api.resume(id)
    await api.shell(id, `head -c ${KEPT_BYTES} /dev/urandom > /dev/shm/used`)
    const used = await api.pause(id)
    await api.resume(id)
    const idle = await api.pause(id)
    const bytes = [first, second, used, idle].map(({ pause }) => pause?.bytes_written ?? Infinity)
    process.stdout.write(
      `bytes written: template frozen ${wholeBytes}; fresh sandbox ${bytes[0]}, then idle ${bytes[1]}; after use ${bytes[2]}, then idle ${bytes[3]}\n`,
    )
    expect(bytes[1]).toBeLessThan(wholeBytes / 10)
    expect(bytes[3]).toBeLessThan((bytes[2] ?? 0) / 10)
    expect(idle.pause?.generation).toBe((first.pause?.generation ?? 0) + 3)
    await api.delete(id)
  })
})

describe("what is not allowed", () => {
  it("pausing what is paused and resuming what runs are refused and change nothing", async () => {
    const { api } = platform
    const { id } = await api.create()
    const refused = { status: 409, body: { error: { code: "wrong_state" } } }
    await expect(api.resume(id)).rejects.toMatchObject(refused)
    expect(await api.shell(id, "echo runs")).toBe("runs\n")
    const { pause } = await api.pause(id)
    await expect(api.pause(id)).rejects.toMatchObject(refused)
    expect(await api.get(id)).toMatchObject({ status: "paused", pause })
    await api.resume(id)
    await expect(api.resume(id)).rejects.toMatchObject(refused)
    expect(await api.shell(id, "echo runs")).toBe("runs\n")
    await api.delete(id)
    await expect(api.pause(id)).rejects.toMatchObject(refused)
    await expect(api.resume(id)).rejects.toMatchObject(refused)
    for (const action of ["pause", "resume"] as const) {
      await expect(api[action]("sbxdoesnotexist00000")).rejects.toMatchObject({ status: 404 })
    }
  })
})

describe("a host agent that was killed meanwhile", () => {
  it("resumes what the one before it paused, and pauses what it resumed", async () => {
    const { api, hostAgent } = platform
    const { id } = await api.create({ memory_mib: 256, envs: { KEPT: "yes" }, metadata: { kept: "too" } })
    const keeper = await Keeper.start(api, id, 8 * MIB)
    const { pause } = await api.pause(id)
    const restart = async () => {
      await hostAgent.kill9()
      hostAgent.start()
      await platform.ready()
    }
    await restart()
    expect(await api.get(id)).toMatchObject({ status: "paused", pause, metadata: { kept: "too" } })
    await api.resume(id)
    await keeper.check()
    await scatter(keeper, 1)
    await restart()
    expect(await api.get(id)).toMatchObject({ status: "running" })
    await keeper.check()
    await scatter(keeper, 2)
    await api.pause(id)
    await restart()
    await api.resume(id)
    await keeper.check()
    expect(await api.shell(id, "echo $KEPT")).toBe("yes\n")
    await api.delete(id)
    await expectNothingLeft()
  })
})

/** Changes memory and file of a keeper here and there, with zeros too */
async function scatter(keeper: Keeper, cycle: number): Promise<void> {
  const { length: sizeBytes } = keeper.memory
  const place = (byte: number, lengthMax: number) => {
    const length = randomInt(1, lengthMax)
    return { offset: randomInt(sizeBytes - length), length, byte }
  }
  const written = () =>
    Array.from({ length: SCATTERED }, (_, index) => place((cycle + index) % 256, 3 * PAGE))
  const zeroed = () => {
    const wholePages = { offset: randomInt(sizeBytes / PAGE / 2) * PAGE, length: 100 * PAGE, byte: 0 }
    return [wholePages, place(0, 5 * PAGE), place(0, 100)]
  }
  await keeper.fillMemory([...written(), ...zeroed()])
  await keeper.fillDisk([...written(), ...zeroed()])
  await keeper.punchDisk(randomInt(sizeBytes / PAGE / 2) * PAGE, 50 * PAGE)
  if (cycle % 3 === 0) await keeper.truncateDisk(sizeBytes - randomInt(1, 20 * PAGE))
}

function report(cycle: number, { pause, status }: SandboxJson): void {
  expect(status).toBe("paused")
  const steps = pause?.steps.map(({ name, duration_ms }) => `${name} ${duration_ms}`).join(", ")
  process.stdout.write(
    `pause ${cycle} (${steps}): stop ${pause?.stop_ms} ms, durable ${pause?.durable_ms} ms, ${pause?.bytes_written} bytes, generation ${pause?.generation}\n`,
  )
}

async function largestBuildBytes({ dataDir }: TestPlatform): Promise<number> {
  const directory = join(dataDir, "builds")
  const sizes = await Promise.all(
    (await readdir(directory)).map(async (name) => await stat(join(directory, name))),
  )
  return Math.max(...sizes.map(({ size }) => size))
}

async function expectNothingLeft(): Promise<void> {
  expect(await platform.ledger()).toMatchObject({ files: [], vmFiles: [], vmmProcesses: [] })
}
