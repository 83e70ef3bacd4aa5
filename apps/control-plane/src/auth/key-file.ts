import { readFile } from "node:fs/promises"

import { insertApiKeyIfMissing } from "../db/queries/api-keys.ts"
import type { Database } from "../db/schema/database.ts"
import { API_KEY_LENGTH_MAX, API_KEY_LENGTH_MIN, hashApiKey, isApiKey } from "./api-key.ts"

/** Reads a file that holds one secret; blanks around it do not count. Its text never gets into a message. */
export async function readSecretFile(path: string): Promise<string> {
  const secret = (await readFile(path, "utf8")).trim()
  if (secret === "") throw new Error(`read secret "${path}": the file is empty`)
  return secret
}

/** Makes the API key of a file known to the database, as its hash */
export async function importApiKey(db: Database, path: string): Promise<void> {
  const key = await readSecretFile(path)
  if (!isApiKey(key)) {
    throw new Error(
      `read API key "${path}": wanted ${API_KEY_LENGTH_MIN} to ${API_KEY_LENGTH_MAX} visible ASCII characters`,
    )
  }
  await insertApiKeyIfMissing(db, { name: "default", ...hashApiKey(key) })
}
