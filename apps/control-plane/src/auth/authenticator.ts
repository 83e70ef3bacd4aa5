import type { IncomingHttpHeaders } from "node:http"

import { PlatformError } from "@thaw/model"

import { findApiKeys, touchApiKey } from "../db/queries/api-keys.ts"
import type { Database } from "../db/schema/database.ts"
import { hashApiKey, isApiKey, isSameHash } from "./api-key.ts"
import { presentedApiKey } from "./presented-key.ts"

/** `last_used_at` is this exact, so that not every request writes */
const TOUCH_INTERVAL_MS = 60_000

/** Checks the API keys of requests against the database */
export class Authenticator {
  readonly #db: Database
  readonly #touchedAtMs = new Map<string, number>()

  constructor(db: Database) {
    this.#db = db
  }

  /** Raises `unauthenticated` unless the request carries a known API key */
  async authenticate(headers: IncomingHttpHeaders): Promise<void> {
    const presented = presentedApiKey(headers)
    if (presented === undefined) {
      throw new PlatformError(
        "unauthenticated",
        'an API key is needed: send it as "X-API-Key" or "Authorization: Bearer"',
      )
    }
    if (!isApiKey(presented)) throw unknownKey()
    const { prefix, hash } = hashApiKey(presented)
    const candidates = await findApiKeys(this.#db, prefix)
    const key = candidates.find((candidate) => isSameHash(candidate.hash, hash))
    if (key === undefined) throw unknownKey()
    await this.#touch(key.id)
  }

  async #touch(id: string): Promise<void> {
    const now = Date.now()
    if (now - (this.#touchedAtMs.get(id) ?? 0) < TOUCH_INTERVAL_MS) return
    this.#touchedAtMs.set(id, now)
    await touchApiKey(this.#db, id)
  }
}

function unknownKey(): PlatformError {
  return new PlatformError("unauthenticated", "the API key is not known")
}
