import { createHash } from "node:crypto"

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
const TIME_LENGTH = 9
const RANDOM_LENGTH = 7
const BUILD_ID_PATTERN = /^[0-9a-hjkmnp-tv-z]{16}$/

/**
 * Makes a build id: the time in nine base-32 digits, so that ids sort by age, and seven random ones.
 *
 * @param randomBytes At least seven bytes
 */
export function formatBuildId(createdAt: Date, randomBytes: Uint8Array): string {
  if (randomBytes.length < RANDOM_LENGTH) {
    throw new RangeError(`build id needs ${RANDOM_LENGTH} random bytes, got ${randomBytes.length}`)
  }
  let time = ""
  let rest = createdAt.getTime()
  for (let digit = 0; digit < TIME_LENGTH; digit++) {
    time = ALPHABET.charAt(rest % 32) + time
    rest = Math.floor(rest / 32)
  }
  const random = Array.from(randomBytes.subarray(0, RANDOM_LENGTH), (byte) => ALPHABET.charAt(byte & 31))
  return time + random.join("")
}

/** Whether `text` has the shape of a build id */
export function isBuildId(text: string): boolean {
  return BUILD_ID_PATTERN.test(text)
}

/** Derives the UUID of a build's file system, RFC 9562 version 8 */
export function buildUuid(buildId: string, purpose: string): string {
  const bytes = createHash("sha256").update(`${purpose}:${buildId}`).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString("hex")
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-")
}
