import { createHash, timingSafeEqual } from "node:crypto"

const PREFIX_LENGTH = 8
/** Shorter keys could be guessed */
export const API_KEY_LENGTH_MIN = 20
export const API_KEY_LENGTH_MAX = 256

/** Whether `text` has the shape of a key: visible ASCII, so that it fits a header */
export function isApiKey(text: string): boolean {
  return text.length >= API_KEY_LENGTH_MIN && text.length <= API_KEY_LENGTH_MAX && /^[\x21-\x7e]+$/.test(text)
}

/** What is stored of a key: enough to find and to check it, not to use it */
export function hashApiKey(key: string): { prefix: string; hash: string } {
  return { prefix: key.slice(0, PREFIX_LENGTH), hash: createHash("sha256").update(key).digest("hex") }
}

/** Compares two hashes in a time that does not depend on them */
export function isSameHash(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
