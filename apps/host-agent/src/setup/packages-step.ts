import { CommandFailedError, run } from "@thaw/linux"

import { parseInstalledPackages, REQUIRED_PACKAGES } from "./required-packages.ts"
import { signalOption, type SetupContext, type SetupStep } from "./setup-step.ts"

const QUERY_TIMEOUT_MS = 30_000
const UPDATE_TIMEOUT_MS = 5 * 60_000
const INSTALL_TIMEOUT_MS = 15 * 60_000
/** How long apt-get waits for another package operation */
const DPKG_LOCK_TIMEOUT_S = 300

const APT_ENV = { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" }
const APT_OPTIONS = ["-q", "-o", `DPkg::Lock::Timeout=${DPKG_LOCK_TIMEOUT_S}`, "-o", "Acquire::Retries=3"]

/** Installs the Debian packages that are missing */
export const packagesStep: SetupStep = {
  name: "packages",
  check: async (context) => {
    const missing = await findMissing(context)
    return missing.length === 0 ? `${REQUIRED_PACKAGES.length} packages are installed` : undefined
  },
  apply: async (context) => {
    const missing = await findMissing(context)
    context.report(`missing: ${missing.join(", ")}`)
    await updateIndexes(context)
    context.report(`installing ${missing.length} packages`)
    await run(["apt-get", ...APT_OPTIONS, "install", "-y", "--no-install-recommends", ...missing], {
      timeoutMs: INSTALL_TIMEOUT_MS,
      env: APT_ENV,
      ...signalOption(context),
    })
    return `installed ${missing.join(", ")}`
  },
}

/**
 * Fetches the package indexes. Any source that cannot be fetched fails the whole of `apt-get update`, also when what is
 * needed comes from others; so a failure is told, and the install after it decides.
 */
export async function updateIndexes(context: SetupContext): Promise<void> {
  context.report("fetching the package indexes")
  try {
    await run(["apt-get", ...APT_OPTIONS, "update"], {
      timeoutMs: UPDATE_TIMEOUT_MS,
      env: APT_ENV,
      ...signalOption(context),
    })
  } catch (error) {
    if (!(error instanceof CommandFailedError) || error.aborted) throw error
    context.report(`some package indexes could not be fetched, going on: ${lastLine(error.stderr)}`)
  }
}

async function findMissing(context: SetupContext): Promise<string[]> {
  const output = await run(
    ["dpkg-query", "-W", "-f=${Package}\\t${db:Status-Status}\\n", ...REQUIRED_PACKAGES],
    {
      timeoutMs: QUERY_TIMEOUT_MS,
      ...signalOption(context),
    },
  ).then(
    ({ stdout }) => stdout,
    (error: unknown) => {
      // Exit code 1 says that dpkg does not know some of them; the others are printed all the same.
      if (error instanceof CommandFailedError && error.exitCode === 1) return error.stdout
      throw error
    },
  )
  const installed = parseInstalledPackages(output)
  return REQUIRED_PACKAGES.filter((name) => !installed.has(name))
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? ""
}
