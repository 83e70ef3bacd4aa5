import type { Presence } from "./db/presence.ts"
import type { Database } from "./db/schema/database.ts"
import type { Host } from "./hosts/host.ts"
import type { Logger } from "./logger.ts"
import type { NamesInFlight } from "./operations/names-in-flight.ts"
import type { OperationsInFlight } from "./operations/operations-in-flight.ts"
import type { Turns } from "./operations/turns.ts"

/** What every operation of a control plane works with */
export interface Context {
  readonly db: Database
  readonly presence: Presence
  readonly host: Host
  /** Sandboxes that are worked on */
  readonly inFlight: OperationsInFlight
  /** Snapshot templates that are worked on */
  readonly names: NamesInFlight
  /** Snapshots of a sandbox and changes of its lifetime, each one after the other */
  readonly turns: Turns
  readonly log: Logger
  /** Directory for uploads that wait for their path */
  readonly spoolDir: string
  /** Aborted when the control plane is going down */
  readonly closing: AbortSignal
}
