import { mkdir, writeFile } from "node:fs/promises"
import { dirname } from "node:path"

import { installPackages } from "@thaw/host-agent"

import { queryMissingPackages } from "../doctor/package-check.ts"

/**
 * Beyond what the platform itself needs: git names the files that are checked; the network tests mount a /run of their own; the integration
 * tests start a PostgreSQL server of their own.
 */
const TEST_PACKAGES = ["git", "mount", "postgresql"] as const

/** Belongs to this package, which keeps one that is there */
const CLUSTER_CONFIG = "/etc/postgresql-common/createcluster.conf"
const CLUSTER_CONFIG_PACKAGE = "postgresql-common"

/**
 * Installs the Debian packages that only tests need, where they are missing.
 *
 * @returns What was installed
 */
export async function installTestPackages(signal: AbortSignal): Promise<readonly string[]> {
  const missing = (await queryMissingPackages(TEST_PACKAGES)) ?? []
  if (missing.length === 0) return []
  if (missing.includes("postgresql")) await preventFirstCluster()
  await installPackages(missing, { report: () => undefined, signal })
  return missing
}

/** Installing PostgreSQL starts a server at port 5432 unless told not to; no test uses it */
async function preventFirstCluster(): Promise<void> {
  const missing = await queryMissingPackages([CLUSTER_CONFIG_PACKAGE])
  if (missing?.length === 0) return
  await mkdir(dirname(CLUSTER_CONFIG), { recursive: true, mode: 0o755 })
  await writeFile(CLUSTER_CONFIG, "create_main_cluster = false\n", { flag: "wx" }).catch(ignoreExisting)
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error
}
