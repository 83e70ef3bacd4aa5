/** What the command line takes from its environment */
export interface CliConfig {
  readonly dataDir: string
  readonly apiUrl: string | undefined
  readonly apiKey: string | undefined
  /** Where programs are looked for */
  readonly path: string
}

const PATH_DEFAULT = "/usr/sbin:/usr/bin:/sbin:/bin"
const DATA_DIR_DEFAULT = "/var/lib/thaw"

/** Reads the environment; empty variables count as unset */
export function readConfig(env: NodeJS.ProcessEnv = process.env): CliConfig {
  return {
    dataDir: nonEmpty(env["THAW_DATA_DIR"]) ?? DATA_DIR_DEFAULT,
    apiUrl: nonEmpty(env["THAW_API_URL"]),
    apiKey: nonEmpty(env["THAW_API_KEY"]),
    path: nonEmpty(env["PATH"]) ?? PATH_DEFAULT,
  }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : text
}
