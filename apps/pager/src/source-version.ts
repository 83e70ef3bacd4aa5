import { createRequire } from "node:module"
import { dirname } from "node:path"

import { hashSources } from "@thaw/linux"

import packageJson from "../package.json" with { type: "json" }

const HASH_LENGTH = 12

/**
 * Names the sources this pager runs: the package's version and a hash of the pager's sources and the snapshot format's.
 *
 * A host agent hashes the same and starts a pager of other sources anew.
 */
export async function readSourceVersion(): Promise<string> {
  const format = dirname(createRequire(import.meta.url).resolve("@thaw/snapshot-format"))
  const hash = await hashSources([import.meta.dirname, format])
  return `${packageJson.version}+${hash.slice(0, HASH_LENGTH)}`
}
