import { randomBytes } from "node:crypto"
import { chown, readFile, readdir, stat, truncate, writeFile } from "node:fs/promises"
import { join } from "node:path"

import { endProcess, ensureTmpfs, isAlive, unmount, type ProcessIdentity } from "@thaw/linux"
import { MIB } from "@thaw/model"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

import type { VmmDriver } from "../../../apps/host-agent/src/vmm/vmm.ts"
import { VmmBench, quietly } from "./_vmm-bench.ts"

const PAGE_BYTES = 4096
/** Far less than any deadline of a driver */
const AT_ONCE_MS = 2_000

/** What every `VmmDriver` must do, with real guests */
export function describeVmm(name: string, openDriver: () => Promise<VmmDriver>): void {
  describe(name, () => {
    const bench = new VmmBench()
    beforeAll(async () => await bench.open(await openDriver()))
    afterAll(async () => await bench[Symbol.asyncDispose]())

    // The first boots the guest that all others restore.
    itSavesAndRunsOn(bench)
    itRestores(bench)
    itFailsClean(bench)
    itNamesBadStates(bench)
    itRunsNothingHalf(bench)
  })
}

function itSavesAndRunsOn(bench: VmmBench): void {
  it("boots a guest, freezes it, saves it and lets it run on", async () => {
    await using place = await bench.host.openPlace()
    const { spec } = place
    const processes: ProcessIdentity[] = []
    await using vm = await bench.driver.boot(
      spec,
      quietly((process) => processes.push(process)),
    )
    expect(processes).toEqual([vm.process])
    await bench.guest.configure()
    await bench.guest.sh(
      "mount -t tmpfs tmpfs /mnt && echo memory > /mnt/file && echo disk > /root/file && sync && echo late > /root/late",
    )
    expect((await stat(spec.memoryPath)).mode & 0o777).toBe(0o600)
    expect(await userOf(vm.process)).toBe(bench.host.slot.vmmUid)

    await vm.freeze()
    await vm.freeze()
    expect(await bench.guest.answers()).toBe(false)
    const statePath = join(bench.host.directory, "vmstate")
    await vm.saveState(statePath)
    const state = await stat(statePath)
    expect(state.mode & 0o777).toBe(0o600)
    expect(state.size).toBeGreaterThan(PAGE_BYTES)
    expect(state.size).toBeLessThan(MIB)

    await vm.saveState(join(bench.host.directory, "again"))
    expect((await readFile(join(bench.host.directory, "again"))).equals(await readFile(statePath))).toBe(true)
    expect(await bench.guest.answers()).toBe(false)
    await vm.run()
    await vm.run()
    expect(await bench.guest.sh("echo more > /root/more && sync && cat /mnt/file /root/*")).toBe(
      "memory\ndisk\nlate\nmore",
    )

    // Called off before its state was saved, then frozen for good.
    await vm.freeze()
    await vm.run()
    expect(await bench.guest.answers()).toBe(true)
    await vm.freeze()
    await vm.saveState(statePath)
    bench.frozen = await bench.host.keep(spec, statePath)
    expect(await readdir(spec.runDir)).toEqual([])
  })
}

function itRestores(bench: VmmBench): void {
  it("restores a frozen guest, page by page, and again", async () => {
    for (let round = 1; round <= 2; round++) {
      await using place = await bench.host.openPlace(bench.frozen)
      const { spec } = place
      await using _server = await bench.serve(spec)
      await using vm = await bench.restore(spec)
      expect(await userOf(vm.process)).toBe(bench.host.slot.vmmUid)
      const restored = await stat(spec.memoryPath)
      expect(restored.size).toBe(spec.memoryMib * MIB)
      expect(restored.blocks * 512).toBeLessThan(spec.memoryMib * MIB * 0.1)
      expect(await bench.guest.answers()).toBe(false)
      expect(await bench.driver.findProcesses(bench.host.directory)).toMatchObject([vm.process])

      await vm.run()
      await bench.guest.configure()
      const files = await bench.guest.sh("echo new > /root/new && sync && cat /mnt/file /root/*")
      expect(files).toBe("memory\ndisk\nlate\nmore\nnew")
      await vm.freeze()
      await vm.saveState(join(spec.directory, "vmstate"))
      await vm.run()
      expect(await bench.guest.answers()).toBe(true)
    }
  })

  it("adopts a frozen guest, which an earlier host agent left, and one that runs", async () => {
    await using place = await bench.host.openPlace(bench.frozen)
    const { spec } = place
    await using _server = await bench.serve(spec)
    const first = await bench.restore(spec)
    await using owned = new AsyncDisposableStack()
    owned.defer(async () => await endProcess(first.process, { graceMs: 0 }))
    first.detach()

    const second = await bench.driver.adopt(first.process, spec)
    await second?.saveState(join(spec.directory, "vmstate"))
    second?.detach()
    const third = await bench.driver.adopt(first.process, spec)
    await third?.run()
    await bench.guest.configure()
    third?.detach()
    const last = await bench.driver.adopt(first.process, spec)
    await last?.freeze()
    await last?.run()
    expect(await bench.guest.sh("cat /mnt/file")).toBe("memory")
    await last?.kill()
    expect(await isAlive(first.process)).toBe(false)
    expect(await bench.driver.adopt(first.process, spec)).toBeUndefined()
  })
}

function itFailsClean(bench: VmmBench): void {
  it("saves a state to a full disk not at all, and the guest runs on", async () => {
    await using place = await bench.host.openPlace(bench.frozen)
    const { spec } = place
    await using _server = await bench.serve(spec)
    await using vm = await bench.restore(spec)
    await vm.run()
    await bench.guest.configure()
    await using mounts = new AsyncDisposableStack()
    const full = join(spec.directory, "full")
    ensureTmpfs(full, { mode: 0o700, sizeBytes: PAGE_BYTES })
    mounts.defer(() => unmount(full))
    await vm.freeze()
    await expect(vm.saveState(join(full, "vmstate"))).rejects.toMatchObject({ code: "capacity_exhausted" })
    expect(await readdir(full)).toEqual([])
    await expect(vm.saveState(join(spec.directory, "absent/vmstate"))).rejects.toThrow("ENOENT")
    await vm.saveState(join(spec.directory, "vmstate"))
    await vm.run()
    expect(await bench.guest.sh("cat /mnt/file")).toBe("memory")
  })

  it("saves no state when the VMM cannot hand it over, and the guest runs on", async () => {
    await using place = await bench.host.openPlace(bench.frozen)
    const { spec } = place
    await using _server = await bench.serve(spec)
    await using vm = await bench.restore(spec)
    await vm.run()
    await bench.guest.configure()
    // Only the VMM's user may enter its run directory, and that is another now.
    await chown(spec.runDir, 0, 0)
    await vm.freeze()
    await expect(vm.saveState(join(spec.directory, "vmstate"))).rejects.toThrow("could not save its state")
    await vm.run()
    expect(await bench.guest.answers()).toBe(true)
    expect(await readdir(spec.directory)).not.toContain("vmstate")
  })

  it("freezes no guest that is over", async () => {
    await using place = await bench.host.openPlace(bench.frozen)
    const { spec } = place
    await using _server = await bench.serve(spec)
    await using vm = await bench.restore(spec)
    await vm.run()
    await bench.guest.configure()
    await bench.guest.sh("echo b > /proc/sysrq-trigger", 3_000).catch(() => undefined)
    await vm.ended
    await expect(vm.freeze()).rejects.toMatchObject({ code: "wrong_state" })
    await expect(vm.run()).rejects.toThrow()
  })
}

function itNamesBadStates(bench: VmmBench): void {
  it.each([
    ["a byte", 1],
    ["half of it", 0.5],
    ["most of it", 0.7],
  ])("names a state of which only %s is there", async (_, part) => {
    await using place = await bench.host.openPlace(bench.frozen)
    const { spec } = place
    await using _server = await bench.serve(spec)
    const statePath = join(spec.directory, "vmstate")
    await writeFile(statePath, await readFile(bench.frozen.statePath))
    const { size } = await stat(statePath)
    await truncate(statePath, part === 1 ? 1 : Math.floor(size * part))
    await expect(bench.restore(spec, { statePath })).rejects.toMatchObject({ code: "data_loss" })
    expect(await bench.driver.findProcesses(bench.host.directory)).toEqual([])
  })

  it("names a state that is missing or is none", async () => {
    await using place = await bench.host.openPlace(bench.frozen)
    const { spec } = place
    await using _server = await bench.serve(spec)
    const missing = { statePath: join(spec.directory, "absent") }
    await expect(bench.restore(spec, missing)).rejects.toMatchObject({ code: "data_loss" })
    const statePath = join(spec.directory, "vmstate")
    await writeFile(statePath, randomBytes(PAGE_BYTES))
    await expect(bench.restore(spec, { statePath })).rejects.toMatchObject({ code: "data_loss" })
    expect(await bench.driver.findProcesses(bench.host.directory)).toEqual([])
  })
}

function itRunsNothingHalf(bench: VmmBench): void {
  it("runs no guest without the pager: library missing, library no library, nobody listening", async () => {
    await using place = await bench.host.openPlace(bench.frozen)
    const { spec } = place
    const missing = { preloadLibrary: join(spec.directory, "absent.so") }
    await expect(bench.restore(spec, missing)).rejects.toMatchObject({ code: "unavailable" })
    const preloadLibrary = join(spec.directory, "garbage.so")
    await writeFile(preloadLibrary, randomBytes(PAGE_BYTES))
    await expect(bench.restore(spec, { preloadLibrary })).rejects.toMatchObject({ code: "unavailable" })
    const startedAt = performance.now()
    await expect(bench.restore(spec)).rejects.toMatchObject({
      code: "internal",
      internal: expect.stringContaining("qemu-uffd") as string,
    })
    expect(performance.now() - startedAt).toBeLessThan(AT_ONCE_MS)
    expect(await bench.driver.findProcesses(bench.host.directory)).toEqual([])
  })

  it("notices at once a VMM that dies while it loads a state", async () => {
    await using place = await bench.host.openPlace(bench.frozen)
    const { spec } = place
    await using _server = await bench.serve(spec, 0)
    const died = Promise.withResolvers<number>()
    const killLater = (process: ProcessIdentity) =>
      setTimeout(() => {
        died.resolve(performance.now())
        void endProcess(process, { graceMs: 0 })
      }, 500)
    await expect(bench.restore(spec, {}, quietly(killLater))).rejects.toMatchObject({ code: "internal" })
    expect(performance.now() - (await died.promise)).toBeLessThan(AT_ONCE_MS)
  })

  it("ends the VMM when a restore is called off", async () => {
    await using place = await bench.host.openPlace(bench.frozen)
    const { spec } = place
    await using _server = await bench.serve(spec, 0)
    const calledOff = AbortSignal.timeout(500)
    const startedAt = performance.now()
    await expect(bench.restore(spec, {}, quietly(undefined, calledOff))).rejects.toThrow()
    expect(performance.now() - startedAt).toBeLessThan(AT_ONCE_MS)
    expect(await bench.driver.findProcesses(bench.host.directory)).toEqual([])
  })
}

/** The one user id that a process has for all purposes */
async function userOf(process: ProcessIdentity): Promise<number | undefined> {
  const status = await readFile(`/proc/${process.pid}/status`, "utf8")
  const ids = new Set(/^Uid:\t(.*)$/m.exec(status)?.[1]?.split("\t"))
  return ids.size === 1 ? Number([...ids][0]) : undefined
}
