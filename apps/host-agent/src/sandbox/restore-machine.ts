import { join } from "node:path"

import type { EnvPair } from "../guest/protocol/request.ts"
import { configureWhenReady } from "../guest/wait-for-guest.ts"
import type { SlotLease } from "../network/slot-lease.ts"
import { attachMemory } from "../pager/attach-memory.ts"
import type { Rootfs } from "../rootfs/rootfs-store.ts"
import type { Snapshot } from "../snapshot/read-snapshot.ts"
import { PAGER_SOCKET, openVmFiles, type VmFiles } from "../vmm/vm-files.ts"
import type { Vm } from "../vmm/vmm.ts"
import { Machine, openGuest } from "./machine.ts"
import type { MachineDeps, MachineStart } from "./machine-deps.ts"
import { planConfigure } from "./plan-identity.ts"
import { whileRunning } from "./while-running.ts"

export interface RestoreOptions extends MachineStart {
  readonly snapshot: Snapshot
  /** Makes, or opens, the disk in `directory` */
  readonly openDisk: () => Promise<Rootfs>
  /** Access token that the guest agent takes from now on, in place of the snapshot's */
  readonly guestToken: string
  /** Absent: the guest keeps the environment it has */
  readonly env?: readonly EnvPair[]
}

/** A restored guest answers at once; a busy machine gets its time */
const CONFIRM_TIMEOUT_MS = 30_000

/**
 * Restores a frozen VM: slot, disk, memory served by the pager, VM, guest.
 *
 * Fails closed: when this resolves, the guest has confirmed fresh entropy, clock, identity and token; one that does not is ended. A failure at any
 * step leaves nothing but the disk in `directory`, which the guest may have written by then.
 *
 * @throws {PlatformError} `capacity_exhausted`, `data_loss` (snapshot), `deadline_exceeded` (guest)
 */
export async function restoreMachine(deps: MachineDeps, options: RestoreOptions): Promise<Machine> {
  const { spec, steps, signal, snapshot } = options
  await using stack = new AsyncDisposableStack()
  stack.use(deps.capacity.reserve(spec.memoryMib))
  const slot = stack.use(await steps.run("slot", async () => await deps.slots.acquire({ signal })))
  await options.onHold({ slot })
  const rootfs = await steps.run("rootfs", options.openDisk)
  const { vmmUid: uid } = slot.addresses
  const files = stack.use(await openVmFiles({ dataDirId: deps.dataDirId, sandboxId: spec.id, uid }))
  const socketPath = join(files.runDir, PAGER_SOCKET)
  const memory = stack.use(
    await steps.run(
      "memory",
      async () =>
        await attachMemory(deps.pager, {
          id: spec.id,
          snapshot,
          buildsDir: deps.paths.buildsDir,
          socketPath,
          socketUid: uid,
        }),
    ),
  )
  const disk = { rootfs, slot, files, socketPath }
  const vm = await memory.namingDamage(async () => {
    const restored = stack.use(await steps.run("vmm", async () => await restoreVm(deps, options, disk)))
    await steps.run("prefetch", async () => {
      await whileRunning(restored, signal, async (signal) => await memory.ready(signal))
    })
    await steps.run("confirm", async () => await confirm(deps, options, { vm: restored, slot }))
    return restored
  })
  memory.endRecordingSoon()
  const { memoryPath } = files
  return new Machine({ slot, rootfs, vm, memoryPath, guestToken: options.guestToken, owned: stack.move() })
}

interface VmParts {
  readonly rootfs: Rootfs
  readonly slot: SlotLease
  readonly files: VmFiles
  readonly socketPath: string
}

async function restoreVm(deps: MachineDeps, options: RestoreOptions, parts: VmParts): Promise<Vm> {
  const { spec, signal, directory, snapshot } = options
  return await deps.vmm.restore(
    {
      sandboxId: spec.id,
      vcpus: spec.vcpus,
      memoryMib: spec.memoryMib,
      slot: parts.slot.addresses,
      rootfs: parts.rootfs.device,
      directory,
      memoryPath: parts.files.memoryPath,
      runDir: parts.files.runDir,
      statePath: snapshot.statePath,
      pagerSocketPath: parts.socketPath,
      preloadLibrary: deps.paths.preloadLibrary,
    },
    { signal, onProcess: async (vmm) => await options.onHold({ vmm }) },
  )
}

/** Lets the guest run and tells it who it is from now on */
async function confirm(
  deps: MachineDeps,
  options: RestoreOptions,
  { vm, slot }: { readonly vm: Vm; readonly slot: SlotLease },
): Promise<void> {
  const identity = {
    id: options.spec.id,
    guestToken: options.guestToken,
    dnsServers: deps.dnsServers,
    ...(options.env === undefined ? {} : { env: options.env }),
  }
  await whileRunning(vm, options.signal, async (signal) => {
    await vm.run()
    const guest = openGuest(slot, options.snapshot.manifest.guestToken)
    await configureWhenReady(guest, () => planConfigure(identity), { timeoutMs: CONFIRM_TIMEOUT_MS, signal })
  })
}
