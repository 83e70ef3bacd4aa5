import { endProcess, isAlive } from "@thaw/linux"

import { toSlotIndex } from "../network/slot-addresses.ts"
import { Machine } from "./machine.ts"
import { planRecovery } from "./plan-recovery.ts"
import { Sandbox, type SandboxDeps } from "./sandbox.ts"
import type { SandboxRecord } from "./sandbox-record.ts"
import type { SandboxSet } from "./sandbox-set.ts"

/**
 * Brings records and machine together after a start: what runs is adopted, what is half made is removed.
 *
 * Leaves no VMM, slot or directory that no sandbox owns.
 */
export async function recoverSandboxes(deps: SandboxDeps, sandboxes: SandboxSet): Promise<void> {
  const { records, broken } = await deps.journal.readAll()
  const adopted: SandboxRecord[] = []
  for (const record of records) {
    const logger = deps.logger.child({ sandbox: record.spec.id })
    const isVmmAlive = record.vmm !== undefined && (await isAlive(record.vmm))
    const plan = planRecovery(record, { isVmmAlive, nowMs: Date.now() })
    logger.info({ plan, status: record.status }, "recover")
    if (plan.action === "adopt" && (await adopt(record, deps, sandboxes))) {
      adopted.push(record)
      continue
    }
    if (plan.action === "remember") {
      sandboxes.add((listener) => Sandbox.recovered(record, undefined, deps, listener))
      continue
    }
    await deps.removeLeftovers(record)
    if (plan.action === "remove") {
      await deps.journal.remove(record.spec.id)
      continue
    }
    const reason =
      plan.action === "bury" ? plan.reason : "the VM could not be adopted after a restart of the host agent"
    const { slot: _slot, vmm: _vmm, ...rest } = record
    const buried: SandboxRecord = {
      ...rest,
      status: record.status === "stopped" ? "stopped" : "error",
      reason,
      changedAtMs: Date.now(),
    }
    await deps.journal.write(buried)
    sandboxes.add((listener) => Sandbox.recovered(buried, undefined, deps, listener))
  }
  await endStrayProcesses(deps, adopted)
  await deps.slots.recover(new Set(adopted.flatMap(({ slot }) => (slot === undefined ? [] : [slot]))))
  for (const { name, error } of broken) {
    deps.logger.warn({ err: error, directory: name }, "remove a directory without a usable record")
    await deps.journal.remove(name)
  }
}

async function adopt(record: SandboxRecord, deps: SandboxDeps, sandboxes: SandboxSet): Promise<boolean> {
  if (record.vmm === undefined || record.slot === undefined) return false
  const directory = deps.journal.directoryOf(record.spec.id)
  try {
    await using stack = new AsyncDisposableStack()
    stack.use(deps.capacity.take(record.spec.memoryMib))
    const slot = stack.use(await deps.slots.adopt(toSlotIndex(record.slot)))
    const rootfs = stack.use(await deps.rootfs.open(directory))
    const vm = await deps.vmm.adopt(record.vmm, directory)
    if (vm === undefined) return false
    stack.use(vm)
    const machine = new Machine({ slot, rootfs, vm, guestToken: record.guestToken, owned: stack.move() })
    sandboxes.add((listener) => Sandbox.recovered(record, machine, deps, listener))
    return true
  } catch (error) {
    deps.logger.error({ err: error, sandbox: record.spec.id }, "adoption failed")
    return false
  }
}

/** VMMs whose records do not name them: started in the moment before a crash */
async function endStrayProcesses(deps: SandboxDeps, adopted: readonly SandboxRecord[]): Promise<void> {
  const owned = new Set(adopted.map(({ vmm }) => vmm?.pid))
  for (const process of await deps.vmm.findProcesses(deps.paths.sandboxesDir)) {
    if (owned.has(process.pid)) continue
    deps.logger.warn({ pid: process.pid }, "end a VMM that no sandbox owns")
    await endProcess(process, { graceMs: 0 })
  }
}
