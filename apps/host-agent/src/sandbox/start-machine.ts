import { randomBytes } from "node:crypto"

import type { ProcessIdentity } from "@thaw/linux"
import { PlatformError } from "@thaw/model"

import type { HostPaths } from "../host-paths.ts"
import type { ConfigureRequest, EnvPair } from "../guest/protocol/request.ts"
import { configureWhenReady } from "../guest/wait-for-guest.ts"
import type { SlotLease } from "../network/slot-lease.ts"
import type { SlotPool } from "../network/slot-pool.ts"
import type { RootfsStore } from "../rootfs/rootfs-store.ts"
import type { TemplateStore } from "../template/template-store.ts"
import type { Vm, VmmDriver } from "../vmm/vmm.ts"
import type { HostCapacityLedger } from "./host-capacity.ts"
import { Machine, openGuest } from "./machine.ts"
import type { SandboxSpec } from "./sandbox-spec.ts"
import type { Steps } from "./steps.ts"

/** What sandboxes are made with; one for the whole host agent */
export interface MachineDeps {
  readonly paths: HostPaths
  readonly capacity: HostCapacityLedger
  readonly slots: SlotPool
  readonly rootfs: RootfsStore
  readonly vmm: VmmDriver
  readonly templates: TemplateStore
  readonly dnsServers: readonly string[]
  readonly bootTimeoutMs: number
}

export interface StartMachineOptions {
  readonly spec: SandboxSpec
  readonly env: readonly EnvPair[]
  readonly guestToken: string
  /** The sandbox's own directory; exists */
  readonly directory: string
  readonly steps: Steps
  readonly signal: AbortSignal
  /** Makes durable what the machine holds, before it is used */
  readonly onHold: (held: { readonly slot: SlotLease } | { readonly vmm: ProcessIdentity }) => Promise<void>
}

const ENTROPY_BYTES = 64
const MACHINE_ID_BYTES = 16
const HOSTNAME_LENGTH_MAX = 63
const NS_PER_MS = 1_000_000n

/**
 * Cold boots a sandbox: slot, root file system, VM, guest.
 *
 * A failure at any step leaves nothing.
 *
 * @throws {PlatformError} `not_found` (template), `capacity_exhausted`, `deadline_exceeded` (boot)
 */
export async function startMachine(deps: MachineDeps, options: StartMachineOptions): Promise<Machine> {
  const { spec, steps, signal, directory } = options
  await using stack = new AsyncDisposableStack()
  stack.use(deps.capacity.reserve(spec.memoryMib))
  const template = await steps.run("template", async () => await deps.templates.open(spec.template))
  const slot = stack.use(await steps.run("slot", async () => await deps.slots.acquire({ signal })))
  await options.onHold({ slot })
  const base = { path: template.rootfsPath, sizeBytes: template.sizeBytes }
  const rootfs = stack.use(await steps.run("rootfs", async () => await deps.rootfs.create(base, directory)))
  const vm = stack.use(
    await steps.run("vmm", async () => {
      const { kernel, initramfs } = deps.paths
      const { vcpus, memoryMib } = spec
      const vmSpec = {
        sandboxId: spec.id,
        vcpus,
        memoryMib,
        slot: slot.addresses,
        rootfs: rootfs.device,
        kernel,
        initramfs,
        directory,
      }
      return await deps.vmm.boot(vmSpec, { signal, onProcess: async (vmm) => await options.onHold({ vmm }) })
    }),
  )
  await steps.run("boot", async () => {
    await whileRunning(vm, signal, async (signal) => {
      const guest = openGuest(slot, options.guestToken)
      await configureWhenReady(guest, () => planConfigure(deps, options), {
        timeoutMs: deps.bootTimeoutMs,
        signal,
      })
    })
  })
  return new Machine({ slot, rootfs, vm, guestToken: options.guestToken, owned: stack.move() })
}

function planConfigure(deps: MachineDeps, options: StartMachineOptions): ConfigureRequest {
  return {
    token: Buffer.from(options.guestToken, "hex"),
    hostname: options.spec.id.slice(0, HOSTNAME_LENGTH_MAX),
    machineId: randomBytes(MACHINE_ID_BYTES),
    wallClockUnixNs: BigInt(Date.now()) * NS_PER_MS,
    entropy: randomBytes(ENTROPY_BYTES),
    env: options.env,
    dnsServers: deps.dnsServers,
  }
}

/** Does work that needs a VM, and fails with the VM's reason as soon as that is over */
async function whileRunning(
  vm: Vm,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const over = new AbortController()
  const ended = vm.ended.then((end) => {
    const error = new PlatformError("internal", "the sandbox ended while it booted", {
      internal: `${end.reason}\n${end.consoleTail}`,
    })
    over.abort(error)
    throw error
  })
  try {
    await Promise.race([ended, work(AbortSignal.any([signal, over.signal]))])
  } catch (error) {
    if (error instanceof PlatformError && error.code === "deadline_exceeded") {
      throw new PlatformError(error.code, error.message, {
        cause: error,
        internal: await vm.consoleTail().catch(() => ""),
      })
    }
    throw error
  }
}
