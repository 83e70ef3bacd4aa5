import { randomUUID } from "node:crypto"

import type { Database } from "../schema/database.ts"

export interface ApiKeyRecord {
  readonly id: string
  readonly hash: string
}

/** Records a key by its hash, once */
export async function insertApiKeyIfMissing(
  db: Database,
  key: { readonly name: string; readonly prefix: string; readonly hash: string },
): Promise<void> {
  await db
    .insertInto("api_keys")
    .values({ id: randomUUID(), ...key, created_at: new Date(), last_used_at: null })
    .onConflict((conflict) => conflict.column("hash").doNothing())
    .execute()
}

/** Reads the keys that begin with `prefix` */
export async function findApiKeys(db: Database, prefix: string): Promise<ApiKeyRecord[]> {
  return await db.selectFrom("api_keys").select(["id", "hash"]).where("prefix", "=", prefix).execute()
}

/** Notes that a key was used now */
export async function touchApiKey(db: Database, id: string): Promise<void> {
  await db.updateTable("api_keys").set({ last_used_at: new Date() }).where("id", "=", id).execute()
}
