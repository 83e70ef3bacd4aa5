import { access, constants, open } from "node:fs/promises"

import { fail, ok, warn, type Check } from "./finding.ts"
import { checkForwarding } from "./forward-check.ts"
import { memoryChecks } from "./memory-checks.ts"
import { tryRun } from "./try-run.ts"

/** What the host's kernel must offer */
export function kernelChecks(): Check[] {
  return [
    { name: "device-mapper", look: checkDeviceMapper },
    ...memoryChecks(),
    { name: "tun", look: checkTun },
    { name: "nftables", look: checkNftables },
    { name: "forwarding", look: checkForwarding },
    { name: "iproute2", look: checkIproute },
  ]
}

async function checkDeviceMapper() {
  const advice =
    "nothing need be done: root file systems are qcow2 overlays then; a kernel with dm-snapshot avoids that"
  if (!(await exists("/dev/mapper/control"))) return warn("/dev/mapper/control is missing", advice)
  const version = await tryRun(["dmsetup", "version"])
  if (!version.ok) return warn(`dmsetup does not reach the kernel: ${version.text}`, advice)
  const targets = await tryRun(["dmsetup", "targets"])
  if (!targets.text.includes("snapshot"))
    return warn("the kernel has no snapshot target loaded", "modprobe dm-snapshot")
  return ok(version.text.replaceAll(/\s+/g, " "))
}

async function checkTun() {
  try {
    await using _device = await open("/dev/net/tun", constants.O_RDWR)
    return ok("/dev/net/tun opens")
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown"
    const advice = code === "EACCES" || code === "EPERM" ? "run as root" : "modprobe tun"
    return fail(`/dev/net/tun cannot be opened (${code})`, advice)
  }
}

async function checkNftables() {
  const version = await tryRun(["nft", "--version"])
  if (version.isMissing) return warn("nft is not installed", '"thaw up" installs the package nftables')
  const rules = await tryRun(["nft", "list", "tables"])
  if (rules.ok) return ok(version.text)
  return fail(
    `nft cannot list tables: ${rules.text}`,
    "run as root, on a kernel with nf_tables (modprobe nf_tables)",
  )
}

async function checkIproute() {
  const version = await tryRun(["ip", "-V"])
  if (version.isMissing) return warn("ip is not installed", '"thaw up" installs the package iproute2')
  const namespaces = await tryRun(["ip", "netns", "list"])
  if (version.ok && namespaces.ok) return ok(version.text)
  return fail(`ip does not work: ${version.ok ? namespaces.text : version.text}`, "run as root")
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}
