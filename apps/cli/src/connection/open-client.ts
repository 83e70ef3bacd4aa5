import { PlatformError } from "@thaw/model"
import { ThawClient } from "@thaw/sdk"

import type { CliContext } from "../cli-context.ts"
import { isSupervised } from "../platform/end-platform-processes.ts"
import { readPlatformRecord } from "../platform/platform-record.ts"
import { readApiKey } from "../platform/secrets.ts"

export interface ApiAccess {
  readonly url: string
  readonly apiKey: string
}

/**
 * Finds the platform a command speaks to: THAW_API_URL and THAW_API_KEY, else the one of the data directory. A `--data-dir` on the
 * command line goes before the environment.
 *
 * @throws {PlatformError} `invalid_argument` when only one of the two is set, `unavailable` when no platform runs there
 */
export async function findApiAccess(context: CliContext): Promise<ApiAccess> {
  const { apiUrl, apiKey } = context.config
  if (context.isDataDirGiven || (apiUrl === undefined && apiKey === undefined))
    return await readLocalAccess(context)
  if (apiUrl !== undefined && apiKey !== undefined) return { url: apiUrl, apiKey }
  const [set, unset] =
    apiUrl === undefined ? ["THAW_API_KEY", "THAW_API_URL"] : ["THAW_API_URL", "THAW_API_KEY"]
  throw new PlatformError("invalid_argument", `${set} is set but ${unset} is not; set both or none`)
}

/**
 * The access to the platform that runs in the data directory.
 *
 * @throws {PlatformError} `unavailable` when none runs
 */
export async function readLocalAccess(context: Pick<CliContext, "paths">): Promise<ApiAccess> {
  const apiKey = await readApiKey(context.paths)
  const record = await readPlatformRecord(context.paths.record)
  if (record === undefined || !(await isSupervised(record))) {
    const message = `no platform is running in "${context.paths.dataDir}"; run "thaw up"`
    throw new PlatformError("unavailable", message)
  }
  return { url: record.url, apiKey }
}

/** Opens a client of the platform that `findApiAccess` finds */
export async function openClient(context: CliContext): Promise<ThawClient> {
  return new ThawClient(await findApiAccess(context))
}
