import { PlatformError, isSandboxId } from "@thaw/model"

import type { ListPosition } from "../../db/queries/list-sandboxes.ts"

/** Latest time that both JavaScript and PostgreSQL can hold comfortably: the year 9999 */
const TIME_MS_MAX = 253_402_300_799_999

/** Writes a place in the list as text that means nothing to clients */
export function formatCursor(position: ListPosition): string {
  return Buffer.from(`${position.createdAt.getTime()}.${position.id}`).toString("base64url")
}

/** Reads a place in the list. Raises `invalid_argument` for text that is no cursor. */
export function parseCursor(cursor: string): ListPosition {
  const match = /^(\d{1,15})\.(\w+)$/.exec(Buffer.from(cursor, "base64url").toString("latin1"))
  const timeMs = Number(match?.[1])
  const id = match?.[2]
  if (id === undefined || !isSandboxId(id) || timeMs > TIME_MS_MAX) {
    throw new PlatformError("invalid_argument", "cursor is not one that a list has answered with")
  }
  return { createdAt: new Date(timeMs), id }
}
