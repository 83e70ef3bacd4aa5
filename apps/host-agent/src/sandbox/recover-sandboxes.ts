import { endProcess, isAlive } from "@thaw/linux"
import type { Logger } from "pino"

import { toSlotIndex } from "../network/slot-addresses.ts"
import { adoptMemory, detachMemory } from "../pager/attach-memory.ts"
import { adoptVmFiles, listVmFiles, removeVmFiles } from "../vmm/vm-files.ts"
import { Machine } from "./machine.ts"
import { planRecovery } from "./plan-recovery.ts"
import { Sandbox } from "./sandbox.ts"
import type { SandboxDeps } from "./sandbox-deps.ts"
import type { SandboxRecord } from "./sandbox-record.ts"
import type { SandboxSet } from "./sandbox-set.ts"

/**
 * Brings records and machine together after a start: what runs is adopted, what is half made is removed.
 *
 * Leaves no VMM, slot or directory that no sandbox owns. What goes wrong with one sandbox is its own: it is kept as an `error` that
 * a client may destroy, and the others go on.
 */
export async function recoverSandboxes(deps: SandboxDeps, sandboxes: SandboxSet): Promise<void> {
  const { records, broken } = await deps.journal.readAll()
  const adopted: SandboxRecord[] = []
  for (const record of records) {
    const logger = deps.logger.child({ sandbox: record.spec.id })
    try {
      if (await recoverSandbox(record, { deps, sandboxes, logger })) adopted.push(record)
    } catch (error) {
      logger.error({ err: error }, "recovery failed")
      remember(endedRecord(record, "the sandbox could not be recovered"), { deps, sandboxes })
    }
  }
  await endStrayProcesses(deps, adopted)
  await removeStrayVmFiles(deps, adopted)
  await deps.slots.recover(new Set(adopted.flatMap(({ slot }) => (slot === undefined ? [] : [slot]))))
  for (const entry of broken) {
    deps.logger.error({ err: entry.error, directory: entry.name }, "a directory has no usable record")
    await deps.journal.discard(entry)
  }
}

interface RecoveryScope {
  readonly deps: SandboxDeps
  readonly sandboxes: SandboxSet
}

/** Whether the sandbox runs on */
async function recoverSandbox(
  record: SandboxRecord,
  scope: RecoveryScope & { readonly logger: Logger },
): Promise<boolean> {
  const { deps, logger } = scope
  const isVmmAlive = record.vmm !== undefined && (await isAlive(record.vmm))
  const plan = planRecovery(record, { isVmmAlive, nowMs: Date.now() })
  logger.info({ plan, status: record.status }, "recover")
  switch (plan.action) {
    case "adopt": {
      if (await adopt(record, scope)) return true
      await bury(record, "the VM could not be adopted after a restart of the host agent", scope)
      return false
    }
    case "settle":
      await settle(record, scope)
      return false
    case "bury":
      await bury(record, plan.reason, scope)
      return false
    case "remember":
      remember(record, scope)
      return false
    case "remove":
      await deps.removeLeftovers(record, { keepDisk: false })
      await deps.journal.remove(record.spec.id)
      return false
  }
}

/** A paused sandbox is there whatever state its leftovers are in: what cannot be removed now, its next resume tries again */
async function settle(record: SandboxRecord, { deps, sandboxes }: RecoveryScope): Promise<void> {
  const paused: SandboxRecord = { ...record, status: "paused" }
  const sandbox = sandboxes.add((listener) => Sandbox.recovered(paused, undefined, deps, listener))
  await sandbox.settle()
}

async function bury(record: SandboxRecord, reason: string, scope: RecoveryScope): Promise<void> {
  await scope.deps.removeLeftovers(record, { keepDisk: false })
  const ended = endedRecord(record, reason)
  await scope.deps.journal.write(ended)
  remember(ended, scope)
}

function endedRecord(record: SandboxRecord, reason: string): SandboxRecord {
  const { slot: _slot, vmm: _vmm, ...rest } = record
  const status = record.status === "stopped" ? "stopped" : "error"
  return { ...rest, status, reason, changedAtMs: Date.now() }
}

function remember(record: SandboxRecord, { deps, sandboxes }: RecoveryScope): void {
  sandboxes.add((listener) => Sandbox.recovered(record, undefined, deps, listener))
}

/** The VM comes first: while it lives and cannot be talked to, its memory and network are not for taking down */
async function adopt(record: SandboxRecord, { deps, sandboxes }: RecoveryScope): Promise<boolean> {
  if (record.vmm === undefined || record.slot === undefined) return false
  const { id, memoryMib } = record.spec
  const directory = deps.journal.directoryOf(id)
  try {
    await using stack = new AsyncDisposableStack()
    const slotIndex = toSlotIndex(record.slot)
    const files = adoptVmFiles(deps.dataDirId, id)
    const vm = await deps.vmm.adopt(record.vmm, { directory, runDir: files.runDir })
    if (vm === undefined) return false
    stack.use(deps.capacity.take(memoryMib))
    const slot = stack.use(await deps.slots.adopt(slotIndex))
    const rootfs = await deps.rootfs.open(directory)
    stack.use(files)
    stack.use(adoptMemory(deps.pager, id))
    stack.use(vm)
    // A pause that was cut short has left it frozen.
    await vm.run()
    const { memoryPath } = files
    const owned = stack.move()
    const machine = new Machine({ slot, rootfs, vm, memoryPath, guestToken: record.guestToken, owned })
    const running: SandboxRecord = { ...record, status: "running" }
    sandboxes.add((listener) => Sandbox.recovered(running, machine, deps, listener))
    return true
  } catch (error) {
    deps.logger.error({ err: error, sandbox: id }, "adoption failed")
    return false
  }
}

/** Memory and sockets of VMs that no sandbox owns, such as those of a record that cannot be read */
async function removeStrayVmFiles(deps: SandboxDeps, adopted: readonly SandboxRecord[]): Promise<void> {
  const owned = new Set<string>(adopted.map(({ spec }) => spec.id))
  for (const id of await listVmFiles(deps.dataDirId)) {
    if (owned.has(id)) continue
    try {
      await detachMemory(deps.pager, id)
      await removeVmFiles(deps.dataDirId, id)
    } catch (error) {
      deps.logger.error(
        { err: error, sandbox: id },
        "files of a VM that no sandbox owns could not be removed",
      )
    }
  }
}

/** VMMs whose records do not name them: started in the moment before a crash */
async function endStrayProcesses(deps: SandboxDeps, adopted: readonly SandboxRecord[]): Promise<void> {
  const owned = new Set(adopted.map(({ vmm }) => vmm?.pid))
  for (const process of await deps.vmm.findProcesses(deps.paths.sandboxesDir)) {
    if (owned.has(process.pid)) continue
    deps.logger.warn({ pid: process.pid }, "end a VMM that no sandbox owns")
    await endProcess(process, { graceMs: 0 }).catch((error: unknown) =>
      deps.logger.error({ err: error, pid: process.pid }, "a VMM could not be ended"),
    )
  }
}
