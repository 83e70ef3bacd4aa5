import { SnapshotFormatError } from "./snapshot-format-error.ts"

declare const brand: unique symbol

/** Identifier of a memory build: 16 base-32 characters; safe as a file name */
export type BuildId = string & { readonly [brand]: "BuildId" }

/** A build id in a file: its 16 ASCII characters */
export const BUILD_ID_BYTES = 16

const PATTERN = /^[0-9a-hjkmnp-tv-z]{16}$/

/** Whether `text` has the shape of a build id */
export function isBuildId(text: string): text is BuildId {
  return PATTERN.test(text)
}

/** Narrows `text` to a build id. Raises `invalid` for any other shape. */
export function parseBuildId(text: string): BuildId {
  if (isBuildId(text)) return text
  throw new SnapshotFormatError("invalid", `${JSON.stringify(text.slice(0, 64))} is not a build id`)
}

/** Writes `build` at `offset` of `bytes` */
export function writeBuildId(bytes: Uint8Array, offset: number, build: BuildId): void {
  for (let at = 0; at < BUILD_ID_BYTES; at++) bytes[offset + at] = build.charCodeAt(at)
}

/** Reads the build id at `offset` of `bytes`. Raises `invalid` for anything else. */
export function readBuildId(bytes: Uint8Array, offset: number): BuildId {
  return parseBuildId(String.fromCharCode(...bytes.subarray(offset, offset + BUILD_ID_BYTES)))
}
