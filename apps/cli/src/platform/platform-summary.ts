import type { CliContext } from "../cli-context.ts"
import type { PlatformRecord } from "./platform-record.ts"
import { readApiKey } from "./secrets.ts"

/** What a user needs to know of a running platform */
export interface PlatformSummary {
  readonly url: string
  readonly console_url: string
  readonly api_key: string
  readonly data_dir: string
  readonly supervisor_pid: number
}

export async function readPlatformSummary(
  context: Pick<CliContext, "paths">,
  record: PlatformRecord,
): Promise<PlatformSummary> {
  return {
    url: record.url,
    console_url: `${record.url}/test`,
    api_key: await readApiKey(context.paths),
    data_dir: context.paths.dataDir,
    supervisor_pid: record.supervisor.pid,
  }
}

/** Formats a summary for a person */
export function formatPlatformSummary(summary: PlatformSummary, heading: string): string {
  return [
    heading,
    `  URL      ${summary.url}`,
    `  Console  ${summary.console_url}`,
    `  API key  ${summary.api_key}`,
    "",
    `Use it from this shell with:  eval "$(./thaw env)"`,
    "",
  ].join("\n")
}
