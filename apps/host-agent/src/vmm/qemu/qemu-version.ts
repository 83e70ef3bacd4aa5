import { run } from "@thaw/linux"
import { PlatformError } from "@thaw/model"

const TIMEOUT_MS = 10_000

/** Reads which QEMU is installed */
export async function readQemuVersion(): Promise<string> {
  const { stdout } = await run(["qemu-system-x86_64", "--version"], { timeoutMs: TIMEOUT_MS })
  return parseQemuVersion(stdout)
}

/** The version with that of its package, as in `7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)`: a patch may change a device's state */
export function parseQemuVersion(output: string): string {
  const version = /^QEMU emulator version (\S.*)$/m.exec(output)?.[1]
  if (version !== undefined) return version.trim()
  throw new PlatformError("internal", "the version of QEMU could not be read", { internal: output })
}
