import { PlatformError } from "../errors/platform-error.ts"

declare const brand: unique symbol

/** Identifier of a sandbox: `sbx` and 17 base-32 characters; safe as a path segment and a host name label */
export type SandboxId = string & { readonly [brand]: "SandboxId" }

const ID_PATTERN = /^sbx[a-z2-7]{17}$/
const BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
const RANDOM_LENGTH = 17

/**
 * Makes a sandbox id from random bytes, five bits of each being used.
 *
 * @param randomBytes At least 17 bytes from a cryptographic source
 */
export function sandboxIdFromBytes(randomBytes: Uint8Array): SandboxId {
  if (randomBytes.length < RANDOM_LENGTH) {
    throw new RangeError(`sandbox id needs ${RANDOM_LENGTH} random bytes, got ${randomBytes.length}`)
  }
  const letters = Array.from(randomBytes.subarray(0, RANDOM_LENGTH), (byte) => BASE32.charAt(byte & 31))
  return `sbx${letters.join("")}` as SandboxId
}

/** Whether `text` has the shape of a sandbox id */
export function isSandboxId(text: string): text is SandboxId {
  return ID_PATTERN.test(text)
}

/** Narrows `text` to a sandbox id. Raises `invalid_argument` for any other shape. */
export function parseSandboxId(text: string): SandboxId {
  if (isSandboxId(text)) return text
  throw new PlatformError("invalid_argument", `"${text.slice(0, 64)}" is not a sandbox id`)
}
