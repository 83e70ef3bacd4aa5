import { CommandFailedError, run } from "@thaw/linux"

import { queryMissingPackages } from "../doctor/package-check.ts"

/** Beyond what the platform itself needs: git names the files that are checked; the integration tests start a PostgreSQL server of their own */
const TEST_PACKAGES = ["git", "postgresql"] as const

const UPDATE_TIMEOUT_MS = 5 * 60_000
const INSTALL_TIMEOUT_MS = 15 * 60_000
const ENV = { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" }
const OPTIONS = ["-q", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"] as const

/**
 * Installs the Debian packages that only tests need, where they are missing.
 *
 * @returns What was installed
 */
export async function installTestPackages(signal: AbortSignal): Promise<readonly string[]> {
  const missing = (await queryMissingPackages(TEST_PACKAGES)) ?? []
  if (missing.length === 0) return []
  await run(["apt-get", ...OPTIONS, "update"], { timeoutMs: UPDATE_TIMEOUT_MS, env: ENV, signal }).catch(
    // A source that cannot be fetched may not be needed: the install decides.
    (error: unknown) => {
      if (!(error instanceof CommandFailedError) || error.aborted) throw error
    },
  )
  const install = ["install", "-y", "--no-install-recommends", ...missing] as const
  await run(["apt-get", ...OPTIONS, ...install], { timeoutMs: INSTALL_TIMEOUT_MS, env: ENV, signal })
  return missing
}
