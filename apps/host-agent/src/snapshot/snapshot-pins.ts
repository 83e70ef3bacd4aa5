import { PinSet } from "./pin-set.ts"

/** What a sweep leaves alone whatever names it: one set per kind of stored thing */
export class SnapshotPins {
  readonly snapshots = new PinSet()
  readonly builds = new PinSet()
  readonly layers = new PinSet()
}
