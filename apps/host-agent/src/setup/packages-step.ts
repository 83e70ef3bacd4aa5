import { CommandFailedError, run } from "@thaw/linux"

import { installPackages } from "./install-packages.ts"
import { parseInstalledPackages, REQUIRED_PACKAGES } from "./required-packages.ts"
import { signalOption, type SetupContext, type SetupStep } from "./setup-step.ts"

const QUERY_TIMEOUT_MS = 30_000

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
    await installPackages(missing, context)
    return `installed ${missing.join(", ")}`
  },
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
