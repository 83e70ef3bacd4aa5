import { randomBytes } from "node:crypto"
import { chmod, mkdir, readFile } from "node:fs/promises"

import { PlatformError } from "@thaw/model"

import { createFileAtomic } from "./create-file-atomic.ts"
import type { PlatformPaths } from "./platform-paths.ts"

const API_KEY_PREFIX = "thaw_"
const BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
const SECRET_LENGTH = 32

/** Makes the API key and the host agent's token where they are missing; what is there stays */
export async function ensureSecrets(paths: PlatformPaths): Promise<void> {
  await mkdir(paths.secretsDir, { recursive: true, mode: 0o700 })
  await chmod(paths.secretsDir, 0o700)
  await createFileAtomic(paths.apiKey, `${API_KEY_PREFIX}${randomSecret()}\n`, 0o600)
  await createFileAtomic(paths.hostAgentToken, `${randomSecret()}\n`, 0o600)
}

/**
 * Reads the API key of a data directory.
 *
 * @throws {PlatformError} `unavailable` when no platform was ever started there, `permission_denied` when this user may not read it
 */
export async function readApiKey(paths: PlatformPaths): Promise<string> {
  try {
    return (await readFile(paths.apiKey, "utf8")).trim()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === "ENOENT" || code === "ENOTDIR") {
      const message = `no platform was ever started in "${paths.dataDir}"; run "thaw up"`
      throw new PlatformError("unavailable", message, { cause: error })
    }
    if (code === "EACCES" || code === "EPERM") {
      const message = `"${paths.apiKey}" may be read by root only; run this as root, or set THAW_API_URL and THAW_API_KEY`
      throw new PlatformError("permission_denied", message, { cause: error })
    }
    throw error
  }
}

/** 160 random bits as 32 letters and digits */
function randomSecret(): string {
  return Array.from(randomBytes(SECRET_LENGTH), (byte) => BASE32.charAt(byte & 31)).join("")
}
