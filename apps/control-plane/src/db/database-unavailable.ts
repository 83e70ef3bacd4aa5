/** PostgreSQL's codes for a server that is going down, coming up or full: appendix A of its manual, classes 08, 53 and 57 */
const SERVER_CODES = new Set(["53300", "57P01", "57P02", "57P03"])
const NETWORK_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENOTFOUND",
])
/** Messages of `pg` for which it has no code */
const DRIVER_MESSAGES = [
  "Connection terminated",
  "timeout exceeded when trying to connect",
  "Client has encountered a connection error",
  "Cannot use a pool after calling end",
]

/** Whether an error of a query says that the database cannot be reached now */
export function isDatabaseUnavailable(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false
  const { code, syscall } = thrown as { code?: unknown; syscall?: unknown }
  if (code !== undefined && typeof code !== "string") return false
  if (code !== undefined && (SERVER_CODES.has(code) || code.startsWith("08"))) return true
  if (code !== undefined && NETWORK_CODES.has(code)) return true
  // A unix socket that is not there
  if (code === "ENOENT" && syscall === "connect") return true
  return DRIVER_MESSAGES.some((message) => thrown.message.startsWith(message))
}
