import { readdir } from "node:fs/promises"

import { CommandFailedError, run } from "@thaw/linux"
import { MIB } from "@thaw/model"

const UPDATE_TIMEOUT_MS = 5 * 60_000
/** How long apt-get waits for another package operation */
const DPKG_LOCK_TIMEOUT_S = 300
/** Steps of an operation that dpkg has not finished */
const DPKG_UPDATES_DIR = "/var/lib/dpkg/updates"

const APT_ENV = { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" }
const APT_GET = [
  "apt-get",
  "-q",
  "-o",
  `DPkg::Lock::Timeout=${DPKG_LOCK_TIMEOUT_S}`,
  "-o",
  "Acquire::Retries=3",
] as const
/** A last resort only: a package operation that is ended leaves every later one to fail until somebody repairs it */
const INSTALL_OPTIONS = { timeoutMs: 60 * 60_000, maxOutputBytes: 64 * MIB, env: APT_ENV }
/** In a session of its own, where a Ctrl-C of the terminal does not reach it */
const OWN_SESSION = ["setsid", "--wait"] as const

export interface PackageOptions {
  readonly report: (message: string) => void
  readonly signal?: AbortSignal
}

/**
 * Fetches the package indexes. Any source that cannot be fetched fails the whole of `apt-get update`, also when what is
 * needed comes from others; so a failure is told, and the install after it decides.
 */
export async function updateIndexes({ report, signal }: PackageOptions): Promise<void> {
  report("fetching the package indexes")
  try {
    await run([...APT_GET, "update"], {
      timeoutMs: UPDATE_TIMEOUT_MS,
      env: APT_ENV,
      ...(signal === undefined ? {} : { signal }),
    })
  } catch (error) {
    if (!(error instanceof CommandFailedError) || error.aborted) throw error
    report(`some package indexes could not be fetched, going on: ${lastLine(error.stderr)}`)
  }
}

/**
 * Fetches the indexes and installs Debian packages.
 *
 * An abort is heeded before the install and after it: dpkg that is ended while it unpacks leaves the host's packages broken.
 */
export async function installPackages(packages: readonly string[], options: PackageOptions): Promise<void> {
  const { report, signal } = options
  await updateIndexes(options)
  signal?.throwIfAborted()
  await finishInterruptedInstall(report)
  report(`installing ${packages.length} packages`)
  const install = ["install", "-y", "--no-install-recommends", ...packages] as const
  await run([...OWN_SESSION, ...APT_GET, ...install], INSTALL_OPTIONS)
  signal?.throwIfAborted()
}

/** apt-get installs nothing before this is done; when it cannot be done, it says why */
async function finishInterruptedInstall(report: (message: string) => void): Promise<void> {
  if ((await readdir(DPKG_UPDATES_DIR)).length === 0) return
  report("finishing an interrupted package operation")
  try {
    await run([...OWN_SESSION, "dpkg", "--configure", "-a"], INSTALL_OPTIONS)
  } catch (error) {
    if (!(error instanceof CommandFailedError)) throw error
    report(`the package operation could not be finished, going on: ${lastLine(error.stderr)}`)
  }
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? ""
}
