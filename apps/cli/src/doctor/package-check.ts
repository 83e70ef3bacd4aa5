import { access } from "node:fs/promises"

import { CommandFailedError, run } from "@thaw/linux"

import { fail, ok, warn, type Check } from "./finding.ts"

const QUERY_TIMEOUT_MS = 10_000
const APT_GET = "/usr/bin/apt-get"

/** Debian packages the platform uses */
export function packageCheck(packages: readonly string[]): Check {
  return { name: "packages", look: async () => await checkPackages(packages) }
}

async function checkPackages(packages: readonly string[]) {
  const missing = await queryMissingPackages(packages)
  if (missing === undefined) return fail("dpkg-query is missing", "use Debian 12")
  if (missing.length === 0) return ok(`all ${packages.length} are installed`)
  const finding = `missing: ${missing.join(" ")}`
  const isDebian = await access(APT_GET).then(
    () => true,
    () => false,
  )
  return isDebian
    ? warn(finding, '"thaw up" installs them')
    : fail(finding, "install them; there is no apt-get here")
}

/** Which Debian packages are not installed; undefined where there is no dpkg */
export async function queryMissingPackages(packages: readonly string[]): Promise<string[] | undefined> {
  try {
    const argv = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\\n", ...packages] as const
    return listMissingPackages(packages, (await run(argv, { timeoutMs: QUERY_TIMEOUT_MS })).stdout)
  } catch (error) {
    if (!(error instanceof CommandFailedError)) throw error
    if ((error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT") return undefined
    // Exits with 1 when one of the packages is unknown, having told about the others.
    return listMissingPackages(packages, error.stdout)
  }
}

/** Which of `packages` are not among the lines `<name> installed` of dpkg-query */
export function listMissingPackages(packages: readonly string[], stdout: string): string[] {
  const installed = new Set(stdout.split("\n"))
  return packages.filter((name) => !installed.has(`${name} installed`))
}
