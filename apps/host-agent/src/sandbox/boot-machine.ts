import { configureWhenReady } from "../guest/wait-for-guest.ts"
import type { RootfsBase } from "../rootfs/rootfs-store.ts"
import { openVmFiles } from "../vmm/vm-files.ts"
import { Machine, openGuest } from "./machine.ts"
import type { MachineDeps, MachineStart } from "./machine-deps.ts"
import { planConfigure } from "./plan-identity.ts"
import { whileRunning } from "./while-running.ts"

export interface BootOptions extends MachineStart {
  readonly base: RootfsBase
  /** Access token that the guest agent gets */
  readonly guestToken: string
}

/**
 * Boots a machine from power-on: slot, disk, VM, guest.
 *
 * A failure at any step leaves nothing but the disk in `directory`.
 *
 * @throws {PlatformError} `capacity_exhausted`, `deadline_exceeded` (boot)
 */
export async function bootMachine(deps: MachineDeps, options: BootOptions): Promise<Machine> {
  const { spec, steps, signal, directory, guestToken } = options
  await using stack = new AsyncDisposableStack()
  stack.use(deps.capacity.reserve(spec.memoryMib))
  const slot = stack.use(await steps.run("slot", async () => await deps.slots.acquire({ signal })))
  await options.onHold({ slot })
  const rootfs = await steps.run("rootfs", async () => await deps.rootfs.create(options.base, directory))
  const { vmmUid: uid } = slot.addresses
  const files = stack.use(await openVmFiles({ dataDirId: deps.dataDirId, sandboxId: spec.id, uid }))
  const vm = stack.use(
    await steps.run("vmm", async () => {
      const { memoryPath, runDir } = files
      const { kernel, initramfs } = deps.paths
      const { id: sandboxId, vcpus, memoryMib } = spec
      const disk = { rootfs: rootfs.device, directory, kernel, initramfs }
      return await deps.vmm.boot(
        { sandboxId, vcpus, memoryMib, slot: slot.addresses, ...disk, memoryPath, runDir },
        { signal, onProcess: async (vmm) => await options.onHold({ vmm }) },
      )
    }),
  )
  await steps.run("boot", async () => {
    await whileRunning(vm, signal, async (signal) => {
      const identity = { id: spec.id, guestToken, env: [], dnsServers: deps.dnsServers }
      await configureWhenReady(openGuest(slot, guestToken), () => planConfigure(identity), {
        timeoutMs: deps.bootTimeoutMs,
        signal,
      })
    })
  })
  return new Machine({ slot, rootfs, vm, memoryPath: files.memoryPath, guestToken, owned: stack.move() })
}
