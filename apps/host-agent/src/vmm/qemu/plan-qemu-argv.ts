import { GUEST_LINK } from "../../network/slot-addresses.ts"
import { planKernelArgs } from "../../template/kernel-args.ts"
import type { RestoreSpec, VmSpec } from "../vmm.ts"

/** Bytes of guest console that QEMU keeps, in memory; the oldest are overwritten */
export const CONSOLE_BYTES = 65_536

export interface QemuChoice {
  readonly accelerator: "kvm" | "tcg"
  /** Given under emulation, see `planKernelArgs` */
  readonly tscKhz?: number
  readonly qmpSocketPath: string
}

type Machine = Omit<VmSpec, "kernel" | "initramfs">

/** Command line of a VMM whose guest boots */
export function planBootArgv(spec: VmSpec, choice: QemuChoice): [string, ...string[]] {
  const { kernel, initramfs } = spec
  const kernelArgs = planKernelArgs(choice).join(" ")
  return [...planMachineArgv(spec, choice), "-kernel", kernel, "-initrd", initramfs, "-append", kernelArgs]
}

/**
 * Command line of a VMM that waits to be told of a saved state.
 *
 * Without kernel and initramfs, which are in the guest's memory since it booted: reading them again takes 20 to 40 ms.
 * `-S` because the VMM would let the guest run as soon as the state is loaded.
 */
export function planRestoreArgv(spec: RestoreSpec, choice: QemuChoice): [string, ...string[]] {
  return [...planMachineArgv(spec, choice), "-S", "-incoming", "defer"]
}

/**
 * A `microvm` machine with one disk, one network card and an entropy device.
 *
 * `acpi=on` because Debian's cloud kernel finds virtio-mmio devices through ACPI only. The guest's memory is a file, which
 * is what a pause reads. The console goes to a ring in memory, so a guest cannot fill the host's disk with it.
 * `-no-shutdown` keeps QEMU when the guest is over, for its last words to be read. QEMU opens disk and tap as root and then
 * becomes the slot's own user (`-runas`), which is why `elevateprivileges` must stay allowed in the seccomp policy. A full
 * disk of the host is an I/O error in the guest, not a VM that stands still.
 */
function planMachineArgv(spec: Machine, choice: QemuChoice): [string, ...string[]] {
  const { slot, rootfs } = spec
  const memory = `id=mem,size=${spec.memoryMib}M,mem-path=${escapeComma(spec.memoryPath)},share=on`
  const options = [
    ["-name", `thaw-${spec.sandboxId}`],
    ["-M", "microvm,acpi=on,rtc=on,memory-backend=mem"],
    planAccelerator(choice.accelerator),
    ["-smp", String(spec.vcpus)],
    ["-m", `${spec.memoryMib}M`],
    ["-object", `memory-backend-file,${memory}`],
    ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-no-shutdown"],
    ["-blockdev", JSON.stringify(planBlockdev(rootfs))],
    ["-device", "virtio-blk-device,drive=rootfs,werror=report,rerror=report"],
    ["-netdev", `tap,id=net0,ifname=${GUEST_LINK.tap},script=no,downscript=no`],
    ["-device", `virtio-net-device,netdev=net0,mac=${GUEST_LINK.guestMac}`],
    ["-object", "rng-random,id=rng0,filename=/dev/urandom", "-device", "virtio-rng-device,rng=rng0"],
    ["-chardev", `ringbuf,id=console,size=${CONSOLE_BYTES}`, "-serial", "chardev:console"],
    ["-chardev", `socket,id=qmp,path=${escapeComma(choice.qmpSocketPath)},server=on,wait=off`],
    ["-mon", "chardev=qmp,mode=control"],
    ["-runas", `${slot.vmmUid}:${slot.vmmUid}`],
    ["-sandbox", "on,obsolete=deny,elevateprivileges=allow,spawn=deny,resourcecontrol=deny"],
  ]
  return ["qemu-system-x86_64", ...options.flat()]
}

function planAccelerator(accelerator: "kvm" | "tcg"): string[] {
  return accelerator === "kvm"
    ? ["-accel", "kvm", "-cpu", "host"]
    : ["-accel", "tcg,thread=multi", "-cpu", "max"]
}

/** What the disk is built on is named, because QEMU would open, as root, whatever the disk's own header says */
function planBlockdev({ format, path, backing }: VmSpec["rootfs"]): object {
  const file = { driver: "file", filename: path, "node-name": "rootfs-file" }
  const device = { driver: format, "node-name": "rootfs", file, discard: "unmap" }
  if (backing === undefined) return device
  const backingFile = { driver: "file", filename: backing.path }
  return { ...device, backing: { driver: backing.format, "read-only": true, file: backingFile } }
}

/** QEMU's option lists take a doubled comma for one that is meant */
function escapeComma(text: string): string {
  return text.replaceAll(",", ",,")
}
