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
  /** The sandbox's own directory; the VMM's log and its monitor's socket live there */
  readonly directory: string
  /** File on a tmpfs that is to hold the guest's memory; the driver makes it, anew when there is one */
  readonly memoryPath: string
  /** Root's directory that the VMM's own group may enter; exists, see `openVmFiles` */
  readonly runDir: string
}

/** A VM to be made from a frozen one; all but what is named here must be as that was */
export interface RestoreSpec extends Omit<VmSpec, "kernel" | "initramfs"> {
  /** What `Vm.saveState` wrote */
  readonly statePath: string
  /** Where the pager waits for this VM's memory */
  readonly pagerSocketPath: string
  /** Library that hands the memory of the VMM to the pager */
  readonly preloadLibrary: string
}

/** Why a VM is no more */
export interface VmEnd {
  readonly reason: string
  /** Last lines the guest wrote to its console, when the VMM was there to tell */
  readonly consoleTail: string
}

/**
 * A VM and the process that runs it: running after `boot`, frozen after `restore`.
 *
 *     running --freeze--> frozen --run--> running
 *                         frozen --saveState--> frozen
 *
 * The guest may end by itself only while it runs. Disposing kills the VM and waits until its process is gone, so that its
 * devices can be taken down after it.
 */
export interface Vm extends AsyncDisposable {
  readonly process: ProcessIdentity
  /** Resolves once, when the VM is over for whatever reason but `kill` and `detach` */
  readonly ended: Promise<VmEnd>
  consoleTail(): Promise<string>
  /**
   * Stops the vCPUs and brings what the VMM keeps of the guest's disk to its file. A frozen VM may be frozen again.
   *
   * @throws {PlatformError} `wrong_state` when the guest is over
   */
  freeze(): Promise<void>
  /**
   * Writes the state of a frozen VM, all but its memory, to a file of mode 0600: whole and durable, or not at all.
   *
   * The VM stays frozen, also when it fails. The guest's disk is settled in its file when it succeeds.
   */
  saveState(path: string): Promise<void>
  /** Lets the vCPUs of a frozen VM run; fine when they do already */
  run(): Promise<void>
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
  /** Of the program; only a VMM of the same version restores what another saved */
  readonly version: string
  readonly accelerator: "kvm" | "tcg"
  boot(spec: VmSpec, options: BootOptions): Promise<Vm>
  /**
   * Makes a frozen VM out of a saved state. Its memory is empty; the pager at `pagerSocketPath` fills it.
   *
   * @throws {PlatformError} `data_loss` when the state is damaged or of another machine
   */
  restore(spec: RestoreSpec, options: BootOptions): Promise<Vm>
  /** Takes over a VM, running or frozen, that an earlier host agent started; undefined when it no longer runs */
  adopt(process: ProcessIdentity, place: Pick<VmSpec, "directory" | "runDir">): Promise<Vm | undefined>
  /** VMM processes whose sandbox directories are below `sandboxesDir`, whoever started them */
  findProcesses(sandboxesDir: string): Promise<ProcessIdentity[]>
}
