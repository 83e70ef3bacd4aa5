import type { Presence } from "./db/presence.ts"
import type { Database } from "./db/schema/database.ts"
import type { Host } from "./hosts/host.ts"
import type { Logger } from "./logger.ts"
import type { OperationsInFlight } from "./operations/operations-in-flight.ts"

/** What every operation of a control plane works with */
export interface Context {
  readonly db: Database
  readonly presence: Presence
  readonly host: Host
  readonly inFlight: OperationsInFlight
  readonly log: Logger
  /** Directory for uploads that wait for their path */
  readonly spoolDir: string
  /** Aborted when the control plane is going down */
  readonly closing: AbortSignal
}
