import type { ProcessIdentity } from "@thaw/linux"

import type { SlotAddresses } from "../network/slot-addresses.ts"
import type { RootfsDevice } from "../rootfs/rootfs-store.ts"

/** What a VM is made of */
export interface VmSpec {
  readonly sandboxId: string
  readonly vcpus: number
  readonly memoryMib: number
  readonly slot: SlotAddresses
  readonly rootfs: RootfsDevice
  readonly kernel: string
  readonly initramfs: string
  /** The sandbox's own directory; the VMM's sockets and files live there */
  readonly directory: string
}

/** Why a VM is no more */
export interface VmEnd {
  readonly reason: string
  /** Last lines the guest wrote to its console, when the VMM was there to tell */
  readonly consoleTail: string
}

/**
 * A running VM and the process that runs it.
 *
 * Disposing kills it and waits until its process is gone, so that its devices can be taken down after it.
 */
export interface Vm extends AsyncDisposable {
  readonly process: ProcessIdentity
  /** Resolves once, when the VM is over for whatever reason but `kill` and `detach` */
  readonly ended: Promise<VmEnd>
  consoleTail(): Promise<string>
  kill(): Promise<void>
  /** Lets go of the VM without touching it; a later host agent may adopt it */
  detach(): void
}

export interface BootOptions {
  readonly signal: AbortSignal
  /** Told of the VMM's process as soon as there is one, before anything else is done with it */
  readonly onProcess: (process: ProcessIdentity) => Promise<void>
}

/** A virtual machine monitor: starts VMs, finds them again, ends them */
export interface VmmDriver {
  readonly name: "qemu"
  readonly accelerator: "kvm" | "tcg"
  boot(spec: VmSpec, options: BootOptions): Promise<Vm>
  /** Takes over a VM that an earlier host agent started; undefined when it no longer runs */
  adopt(process: ProcessIdentity, directory: string): Promise<Vm | undefined>
  /** VMM processes whose sandbox directories are below `sandboxesDir`, whoever started them */
  findProcesses(sandboxesDir: string): Promise<ProcessIdentity[]>
}
