import { isAbsolute, join } from "node:path"

import { z } from "zod"

/** Settings of a host agent */
export interface HostAgentConfig {
  readonly dataDir: string
  readonly listen: { readonly host: string; readonly port: number }
  /** File with the bearer token that callers must carry */
  readonly tokenFile: string
  /** Kernel, initramfs and guest agent; default `<dataDir>/artifacts` */
  readonly artifactsDir: string | undefined
  /** Default `<dataDir>/templates` */
  readonly templatesDir: string | undefined
  /** `auto` probes KVM and emulates when it does not run guests */
  readonly accelerator: "auto" | "kvm" | "tcg"
  /** Networks kept ready for sandboxes to come */
  readonly slotPoolSize: number
  /** Name servers that guests are told */
  readonly dnsServers: readonly string[]
  readonly bootTimeoutMs: number
  /** Whether restores copy their snapshot's working set before the VM runs */
  readonly isPrefetching: boolean
  /** Whether the template `base` is booted and frozen at the start, before anyone asks for it */
  readonly isPrewarming: boolean
  readonly logLevel: "debug" | "info" | "warn" | "error"
}

/** Environment variables, as they are */
export type RawEnv = Readonly<Record<string, string | undefined>>

/** Every mistake of a configuration at once */
export class ConfigError extends Error {
  override readonly name = "ConfigError"
}

const absolutePath = z.string().refine(isAbsolute, "must be an absolute path")
const listenAddress = z
  .string()
  .regex(/^(\[[0-9a-f:]+\]|[^:]+):\d{1,5}$/i, "must be host:port")
  .transform((text) => {
    const colon = text.lastIndexOf(":")
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(text.slice(colon + 1)) }
  })
  .refine(({ port }) => port <= 65_535, "port must be at most 65535")
const ipList = z
  .string()
  .transform((text) => text.split(",").map((part) => part.trim()))
  .pipe(z.array(z.union([z.ipv4(), z.ipv6()])).max(3))

const envSchema = z.object({
  THAW_DATA_DIR: absolutePath.default("/var/lib/thaw"),
  THAW_HOST_AGENT_LISTEN: listenAddress.default({ host: "127.0.0.1", port: 50_051 }),
  THAW_HOST_AGENT_TOKEN_FILE: absolutePath.optional(),
  THAW_ARTIFACTS_DIR: absolutePath.optional(),
  THAW_TEMPLATES_DIR: absolutePath.optional(),
  THAW_ACCELERATOR: z.enum(["auto", "kvm", "tcg"]).default("auto"),
  THAW_SLOT_POOL_SIZE: z.coerce.number().int().min(0).max(256).default(2),
  THAW_GUEST_DNS: ipList.default(["1.1.1.1", "8.8.8.8"]),
  THAW_BOOT_TIMEOUT_MS: z.coerce.number().int().min(1000).max(90_000).default(60_000),
  THAW_PREFETCH: z.enum(["on", "off"]).default("on"),
  THAW_PREWARM: z.enum(["on", "off"]).default("on"),
  THAW_LOG_LEVEL: z.enum(["debug", "info", "warn", "error"]).default("info"),
})

/** Reads the environment of this process; the only place that does */
export function readEnv(): RawEnv {
  return process.env
}

/**
 * Makes settings of an environment.
 *
 * @throws {ConfigError} naming every mistake
 */
export function parseConfig(env: RawEnv): HostAgentConfig {
  // An empty variable is one that was not meant to be set.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""))
  const parsed = envSchema.safeParse(given)
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`)
    throw new ConfigError(`configuration is not valid:\n  ${lines.join("\n  ")}`)
  }
  const values = parsed.data
  return Object.freeze({
    dataDir: values.THAW_DATA_DIR,
    listen: values.THAW_HOST_AGENT_LISTEN,
    tokenFile: values.THAW_HOST_AGENT_TOKEN_FILE ?? join(values.THAW_DATA_DIR, "secrets", "host-agent-token"),
    artifactsDir: values.THAW_ARTIFACTS_DIR,
    templatesDir: values.THAW_TEMPLATES_DIR,
    accelerator: values.THAW_ACCELERATOR,
    slotPoolSize: values.THAW_SLOT_POOL_SIZE,
    dnsServers: values.THAW_GUEST_DNS,
    bootTimeoutMs: values.THAW_BOOT_TIMEOUT_MS,
    isPrefetching: values.THAW_PREFETCH === "on",
    isPrewarming: values.THAW_PREWARM === "on",
    logLevel: values.THAW_LOG_LEVEL,
  })
}
