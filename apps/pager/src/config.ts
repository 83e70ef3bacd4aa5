import { isAbsolute } from "node:path"
import { parseArgs } from "node:util"

import { z } from "zod"

/** Settings of a pager */
export interface PagerConfig {
  readonly dataDir: string
  /** After this long without a VM to serve and without anyone watching, the pager ends by itself */
  readonly idleTimeoutMs: number
  /** How long a VMM may take from Attach to its handshake */
  readonly handshakeTimeoutMs: number
  readonly logLevel: "debug" | "info" | "warn" | "error"
}

/** Environment variables, as they are */
export type RawEnv = Readonly<Record<string, string | undefined>>

/** Every mistake of a configuration at once */
export class ConfigError extends Error {
  override readonly name = "ConfigError"
}

const envSchema = z.object({
  THAW_DATA_DIR: z.string().refine(isAbsolute, "must be an absolute path").default("/var/lib/thaw"),
  THAW_PAGER_IDLE_TIMEOUT_MS: z.coerce.number().int().min(100).max(86_400_000).default(60_000),
  THAW_PAGER_HANDSHAKE_TIMEOUT_MS: z.coerce.number().int().min(100).max(600_000).default(30_000),
  THAW_LOG_LEVEL: z.enum(["debug", "info", "warn", "error"]).default("info"),
})

/** Reads the environment of this process; the only place that does */
export function readEnv(): RawEnv {
  return process.env
}

/**
 * Makes settings of an environment and a command line.
 *
 * @param args Without program and script: `--data-dir=<path>` wins over `THAW_DATA_DIR`, and lets a process list tell whose pager it is
 * @throws {ConfigError} naming every mistake
 */
export function parseConfig(env: RawEnv, args: readonly string[] = []): PagerConfig {
  const dataDir = parseDataDir(args)
  const all = dataDir === undefined ? env : { ...env, THAW_DATA_DIR: dataDir }
  // An empty variable is one that was not meant to be set.
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""))
  const parsed = envSchema.safeParse(given)
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`)
    throw new ConfigError(`configuration is not valid:\n  ${lines.join("\n  ")}`)
  }
  const values = parsed.data
  return Object.freeze({
    dataDir: values.THAW_DATA_DIR,
    idleTimeoutMs: values.THAW_PAGER_IDLE_TIMEOUT_MS,
    handshakeTimeoutMs: values.THAW_PAGER_HANDSHAKE_TIMEOUT_MS,
    logLevel: values.THAW_LOG_LEVEL,
  })
}

function parseDataDir(args: readonly string[]): string | undefined {
  try {
    return parseArgs({ args: [...args], options: { "data-dir": { type: "string" } } }).values["data-dir"]
  } catch (error) {
    throw new ConfigError(`command line is not valid: ${(error as Error).message}`, { cause: error })
  }
}
