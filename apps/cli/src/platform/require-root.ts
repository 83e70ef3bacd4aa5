import { PlatformError } from "@thaw/model"

/** @throws {PlatformError} `permission_denied` unless this process runs as root */
export function requireRoot(command: string): void {
  if (process.getuid?.() === 0) return
  const message = `"${command}" needs root, for network namespaces and devices; run it with sudo or as root`
  throw new PlatformError("permission_denied", message)
}
