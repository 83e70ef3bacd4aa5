/**
 * Words of the guest kernel's command line, for QEMU and Firecracker alike.
 *
 * Timed under emulation on two cores with Debian's cloud kernel 6.1; most of what is often recommended made no
 * difference there and is left out. Each word below is documented in the kernel's admin-guide/kernel-parameters, v6.1.
 */
export const KERNEL_ARGS: readonly string[] = [
  // The console of the VM, which its log file keeps.
  "console=ttyS0",
  // Only errors on the console: every character is an exit to the VMM.
  "quiet",
  // A guest that panics ends its VM at once, which the host sees as an exit, instead of standing still for ever.
  "panic=-1",
  // A triple fault ends the VM under both VMMs, whatever reset hardware they have.
  "reboot=t",
  // Skips the self-tests of every cipher at boot: 0.25 of 1.8 s less.
  "cryptomgr.notests",
  // Leaves the kernel's code as built for several processors. Patching it for one takes 0.1 to 0.2 s under emulation,
  // where every changed page of code is translated again.
  "noreplace-smp",
  // The border of a sandbox is its VM: `user` is root by sudo, so guarding the guest's kernel from it buys nothing and
  // costs at every system call under KVM. Under emulation it made no difference that could be measured.
  "mitigations=off",
]

/** Further words under emulation, where the guest's time stamp counters are all the host's one */
export const EMULATED_KERNEL_ARGS: readonly string[] = [
  // The emulated processor does not say that its counters agree, so with two of them the kernel would take the timer's
  // ticks for its clock. Those come late or not at all on a busy host: the clock lost 0.1 s and more in a second.
  // With one processor the kernel would check the counter against these ticks.
  "tsc=reliable",
]

export interface KernelArgsOptions {
  /**
   * Frequency of the time stamp counter the guest sees. To be given under emulation, where the guest's counter is the
   * host's: left alone, the kernel measures it against an emulated PIT, and when that fails (about one boot in eight
   * on a busy machine) it has no working clock at all and spins for ever before it prints anything. Under KVM the
   * kernel asks the hypervisor.
   */
  readonly tscKhz?: number
}

/** Plans the guest kernel's command line */
export function planKernelArgs(options: KernelArgsOptions): string[] {
  const { tscKhz } = options
  if (tscKhz === undefined) return [...KERNEL_ARGS]
  if (!Number.isSafeInteger(tscKhz) || tscKhz <= 0) {
    throw new RangeError(`time stamp counter frequency must be a positive number of kHz, got ${tscKhz}`)
  }
  return [...KERNEL_ARGS, ...EMULATED_KERNEL_ARGS, `tsc_early_khz=${tscKhz}`]
}
