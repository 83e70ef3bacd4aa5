import { join } from "node:path"

const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

export type DatabaseConfig =
  | { readonly kind: "pglite"; readonly dir: string }
  | { readonly kind: "postgres"; readonly url: string }

export interface ListenConfig {
  readonly host: string
  /** 0: any free port */
  readonly port: number
}

/** Everything a control plane is told from outside */
export interface ControlPlaneConfig {
  readonly listen: ListenConfig
  readonly database: DatabaseConfig
  readonly dataDir: string
  readonly hostAgentUrl: string
  readonly hostAgentTokenFile: string
  /** File with the API key that is made known at start */
  readonly apiKeyFile: string
  readonly logLevel: LogLevel
}

export type Env = Readonly<Record<string, string | undefined>>

/** Every mistake in the environment at once */
export class ConfigError extends Error {
  override readonly name = "ConfigError"
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`configuration is wrong: ${problems.join("; ")}`)
    this.problems = problems
  }
}

const DEFAULT_PORT_MAX = 65_535

/** The environment of this process; nothing else reads it */
export function readEnv(): Env {
  return process.env
}

/** Turns an environment into a configuration. Raises `ConfigError` with every mistake. */
export function parseConfig(env: Env): ControlPlaneConfig {
  const problems: string[] = []
  const read = <T>(
    name: string,
    fallback: string,
    parse: (text: string) => T | undefined,
    wanted: string,
  ) => {
    const text = env[name] ?? fallback
    const value = parse(text)
    if (value === undefined) problems.push(`${name} is ${quoteSafely(name, text)}, wanted ${wanted}`)
    return value
  }
  const dataDir = read("THAW_DATA_DIR", "/var/lib/thaw", parseAbsolute, "an absolute path")
  const below = (...names: string[]) => join(dataDir ?? "/", ...names)
  const listen = read("THAW_LISTEN", "127.0.0.1:8080", parseListen, "<address>:<port>")
  const database = read(
    "DATABASE_URL",
    `pglite:${below("db")}`,
    parseDatabaseUrl,
    "postgres://… or pglite:<absolute directory>",
  )
  const hostAgentUrl = read("THAW_HOST_AGENT_URL", "http://127.0.0.1:50051", parseHttpUrl, "an http:// URL")
  const hostAgentTokenFile = read(
    "THAW_HOST_AGENT_TOKEN_FILE",
    below("secrets", "host-agent-token"),
    parseAbsolute,
    "an absolute path",
  )
  const apiKeyFile = read("THAW_API_KEY_FILE", below("secrets", "api-key"), parseAbsolute, "an absolute path")
  const logLevel = read("THAW_LOG_LEVEL", "info", parseLogLevel, `one of ${LOG_LEVELS.join(", ")}`)
  if (
    dataDir === undefined ||
    listen === undefined ||
    database === undefined ||
    hostAgentUrl === undefined ||
    hostAgentTokenFile === undefined ||
    apiKeyFile === undefined ||
    logLevel === undefined
  ) {
    throw new ConfigError(problems)
  }
  return Object.freeze({ listen, database, dataDir, hostAgentUrl, hostAgentTokenFile, apiKeyFile, logLevel })
}

/** A database URL may hold a password */
function quoteSafely(name: string, text: string): string {
  return name === "DATABASE_URL" ? "of another kind" : `"${text}"`
}

function parseAbsolute(text: string): string | undefined {
  return text.startsWith("/") ? text : undefined
}

function parseListen(text: string): ListenConfig | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  return host === undefined || port > DEFAULT_PORT_MAX ? undefined : { host, port }
}

function parseDatabaseUrl(text: string): DatabaseConfig | undefined {
  if (/^postgres(ql)?:\/\/./.test(text) && URL.canParse(text)) return { kind: "postgres", url: text }
  const dir = /^pglite:(\/.+)$/.exec(text)?.[1]
  return dir === undefined ? undefined : { kind: "pglite", dir }
}

function parseHttpUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  return url.protocol === "http:" && url.hostname !== "" ? text.replace(/\/+$/, "") : undefined
}

function parseLogLevel(text: string): LogLevel | undefined {
  return LOG_LEVELS.find((level) => level === text)
}
