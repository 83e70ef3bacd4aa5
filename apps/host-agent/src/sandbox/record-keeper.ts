import type { SandboxJournal } from "./sandbox-journal.ts"
import type { SandboxRecord } from "./sandbox-record.ts"

/** A sandbox's record: what is on disk, and ahead of it what only this process needs to know */
export class RecordKeeper {
  #record: SandboxRecord
  readonly #journal: SandboxJournal

  constructor(record: SandboxRecord, journal: SandboxJournal) {
    this.#record = record
    this.#journal = journal
  }

  get current(): SandboxRecord {
    return this.#record
  }

  get directory(): string {
    return this.#journal.directoryOf(this.#record.spec.id)
  }

  /** Changes the record on disk, then here */
  async write(change: Partial<SandboxRecord> = {}): Promise<void> {
    const record = this.#changed(change)
    await this.#journal.write(record)
    this.#record = record
  }

  /** Changes the record in this process alone: a status that means nothing to the next one, or one that cannot be written */
  note(change: Partial<SandboxRecord>): void {
    this.#record = this.#changed(change)
  }

  /** Notes that slot and VMM are gone; the next write makes it durable */
  noteFreed(): void {
    const { slot: _slot, vmm: _vmm, ...rest } = this.#record
    this.#record = rest
  }

  async remove(): Promise<void> {
    await this.#journal.remove(this.#record.spec.id)
  }

  #changed(change: Partial<SandboxRecord>): SandboxRecord {
    // Later than the change before, whatever the clock does: who follows the changes tells old from new by it.
    const { changedAtMs: before } = this.#record
    const changedAtMs = change.status === undefined ? before : Math.max(Date.now(), before + 1)
    return { ...this.#record, ...change, changedAtMs }
  }
}
