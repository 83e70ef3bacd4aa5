import { join } from "node:path"

/** What `thaw up` keeps in a data directory beside the host agent's and the control plane's own things */
export interface PlatformPaths {
  readonly dataDir: string
  /** Mode 0700 */
  readonly secretsDir: string
  readonly apiKey: string
  readonly hostAgentToken: string
  readonly logsDir: string
  /** Written by the pager, which the host agent starts */
  readonly pagerLog: string
  readonly runDir: string
  /** The running platform, see platform-record.ts */
  readonly record: string
  /** Held by the supervisor for as long as it lives */
  readonly lock: string
}

/** Lays out a data directory */
export function platformPaths(dataDir: string): PlatformPaths {
  const secretsDir = join(dataDir, "secrets")
  const runDir = join(dataDir, "run")
  return {
    dataDir,
    secretsDir,
    apiKey: join(secretsDir, "api-key"),
    hostAgentToken: join(secretsDir, "host-agent-token"),
    logsDir: join(dataDir, "logs"),
    pagerLog: join(dataDir, "pager", "pager.log"),
    runDir,
    record: join(runDir, "platform.json"),
    lock: join(runDir, "supervisor.lock"),
  }
}

/** Where the output of a process of the platform goes */
export function logPathOf(paths: PlatformPaths, name: "supervisor" | "host-agent" | "control-plane"): string {
  return join(paths.logsDir, `${name}.log`)
}
