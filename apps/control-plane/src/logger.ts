import { openLogOutput } from "@thaw/linux"
import { PlatformError } from "@thaw/model"
import { pino, type DestinationStream, type Logger } from "pino"

import type { LogLevel } from "./config.ts"

const REDACTED = [
  "authorization",
  '["x-api-key"]',
  "headers.authorization",
  'headers["x-api-key"]',
  "req.headers",
  // What the multipart plugin traces
  "busboyOptions.headers",
  "envs",
  "*.envs",
  "token",
  "apiKey",
]
const CAUSES_MAX = 10

/** Opens the log of a control plane: JSON lines, secrets redacted, errors with their chain of causes */
export function openLogger(options: { level: LogLevel; destination?: DestinationStream }): Logger {
  const settings = {
    level: options.level,
    base: { service: "control-plane" },
    redact: REDACTED,
    serializers: { err: describeError },
  }
  return pino(settings, options.destination ?? openLogOutput())
}

export type { Logger } from "pino"

interface ErrorRecord {
  readonly name: string
  readonly message: string
  readonly code?: unknown
  readonly internal?: string
  readonly stack?: string
}

/** Lists an error and its causes, outermost first */
export function describeError(thrown: unknown): ErrorRecord[] {
  const chain: ErrorRecord[] = []
  for (let error = thrown; error !== undefined && chain.length < CAUSES_MAX;) {
    if (!(error instanceof Error)) {
      chain.push({ name: typeof error, message: "something that is no error was thrown" })
      break
    }
    chain.push({
      name: error.name,
      message: error.message,
      ...("code" in error ? { code: error.code } : {}),
      ...(error instanceof PlatformError && error.internal !== undefined ? { internal: error.internal } : {}),
      ...(error.stack === undefined ? {} : { stack: error.stack }),
    })
    error = error.cause
  }
  return chain
}
