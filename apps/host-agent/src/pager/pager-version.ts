import { readFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"

import { hashSources } from "@thaw/linux"
import { z } from "zod"

const HASH_LENGTH = 12
const packageSchema = z.looseObject({ version: z.string() })

/** What a pager that is started from these sources says of itself: see `readSourceVersion` in `apps/pager` */
export async function readPagerVersion(pagerSrc: string): Promise<string> {
  const format = dirname(createRequire(import.meta.url).resolve("@thaw/snapshot-format"))
  const hash = await hashSources([pagerSrc, format])
  const { version } = packageSchema.parse(
    JSON.parse(await readFile(join(pagerSrc, "../package.json"), "utf8")),
  )
  return `${version}+${hash.slice(0, HASH_LENGTH)}`
}
