/** Classes of PostgreSQL's codes for a connection that broke and a server that is full: appendix A of its manual */
const SERVER_CLASSES = new Set(["08", "53"])
/** Its codes for a server that is going down or coming up, is a standby, or is too busy to answer in time */
const SERVER_CODES = new Set([
  "25006",
  "40001",
  "40P01",
  "55P03",
  "57014",
  "57P01",
  "57P02",
  "57P03",
  "57P05",
])
const NETWORK_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
  "ENOTFOUND",
])
/** How `pg` says that a query had no answer in time */
export const QUERY_TIMEOUT_MESSAGE = "Query read timeout"
/** Messages of `pg` for which it has no code */
const DRIVER_MESSAGES = [
  "Connection terminated",
  "timeout exceeded when trying to connect",
  "Client has encountered a connection error",
  "Client was closed and is not queryable",
  "Cannot use a pool after calling end",
  QUERY_TIMEOUT_MESSAGE,
]

/** Whether an error of a query says that the database cannot be reached now */
export function isDatabaseUnavailable(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false
  const { code, syscall } = thrown as { code?: unknown; syscall?: unknown }
  if (code !== undefined && typeof code !== "string") return false
  if (code !== undefined && (SERVER_CODES.has(code) || isServerClass(code))) return true
  if (code !== undefined && NETWORK_CODES.has(code)) return true
  // A unix socket that is not there
  if (code === "ENOENT" && syscall === "connect") return true
  return DRIVER_MESSAGES.some((message) => thrown.message.startsWith(message))
}

function isServerClass(code: string): boolean {
  return code.length === 5 && SERVER_CLASSES.has(code.slice(0, 2))
}
