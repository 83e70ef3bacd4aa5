/** Debian packages a host needs, and what for */
export const REQUIRED_PACKAGES: readonly string[] = [
  "qemu-system-x86",
  "qemu-utils",
  // Network of a sandbox.
  "iproute2",
  "nftables",
  "procps",
  // What is in native/; gcc links it, libc6-dev has the static C library for the guest agent.
  "cargo",
  "gcc",
  "libc6-dev",
  "rustc",
  // The kernel and its initramfs.
  "busybox-static",
  "lz4",
  // Templates.
  "ca-certificates",
  "e2fsprogs",
  "mmdebstrap",
]

/** Reads lines of package name, tab and dpkg's status; returns those that are fully installed */
export function parseInstalledPackages(output: string): Set<string> {
  const installed = new Set<string>()
  for (const line of output.split("\n")) {
    const [name, status] = line.split("\t")
    if (name !== undefined && status === "installed") installed.add(name)
  }
  return installed
}
