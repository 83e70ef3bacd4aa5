import { join } from "node:path"

import { logPathOf, type PlatformPaths } from "./platform-paths.ts"

/** In the order they are started; they are stopped in the opposite one */
const PROCESS_NAMES = ["host-agent", "control-plane"] as const
export type ProcessName = (typeof PROCESS_NAMES)[number]

/** One process of the platform, as the supervisor starts it */
export interface ProcessPlan {
  readonly name: ProcessName
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
  readonly logPath: string
}

export interface PlatformPorts {
  readonly port: number
  readonly agentPort: number
}

/** Both services listen on the loopback interface only */
export function platformUrl(port: number): string {
  return `http://127.0.0.1:${port}`
}

/** What the processes ignore: it tells whose they are when no record does */
export function dataDirArgument(dataDir: string): string {
  return `--data-dir=${dataDir}`
}

/** Which process of the platform in `dataDir` was started with these words, if any */
export function processNameOf(argv: readonly string[], dataDir: string): ProcessName | undefined {
  return PROCESS_NAMES.find((name) => isMainOf(name, argv, dataDir))
}

/** Whether a process started with these words is a pager of `dataDir`. The host agent starts it, and it outlives the host agent. */
export function isPagerOf(argv: readonly string[], dataDir: string): boolean {
  return isMainOf("pager", argv, dataDir)
}

function isMainOf(app: ProcessName | "pager", argv: readonly string[], dataDir: string): boolean {
  const [, main, argument] = argv
  return argument === dataDirArgument(dataDir) && main?.endsWith(`/${mainOf(app)}`) === true
}

/** Below the root of the checkout */
function mainOf(app: ProcessName | "pager"): string {
  return join("apps", app, "src", "main.ts")
}

/** The processes of the platform in the order they are started */
export function planProcesses(
  options: PlatformPorts & {
    readonly paths: PlatformPaths
    readonly sourceDir: string
    readonly node: string
  },
): ProcessPlan[] {
  const { paths } = options
  const env = {
    THAW_DATA_DIR: paths.dataDir,
    THAW_LISTEN: `127.0.0.1:${options.port}`,
    THAW_HOST_AGENT_LISTEN: `127.0.0.1:${options.agentPort}`,
    THAW_HOST_AGENT_URL: platformUrl(options.agentPort),
    THAW_HOST_AGENT_TOKEN_FILE: paths.hostAgentToken,
    THAW_API_KEY_FILE: paths.apiKey,
  }
  return PROCESS_NAMES.map((name) => ({
    name,
    argv: [options.node, join(options.sourceDir, mainOf(name)), dataDirArgument(paths.dataDir)] as const,
    env,
    logPath: logPathOf(paths, name),
  }))
}
