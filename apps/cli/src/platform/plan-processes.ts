import { join } from "node:path"

import { logPathOf, type PlatformPaths } from "./platform-paths.ts"

/** One process of the platform, as the supervisor starts it */
export interface ProcessPlan {
  readonly name: "host-agent" | "control-plane"
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

/** The processes of the platform in the order they are started; they are stopped in the opposite one */
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
  return (["host-agent", "control-plane"] as const).map((name) => ({
    name,
    argv: [options.node, join(options.sourceDir, "apps", name, "src", "main.ts")] as const,
    env,
    logPath: logPathOf(paths, name),
  }))
}
