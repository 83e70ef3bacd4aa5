import type { Logger } from "pino"

import type { SnapshotStore } from "../snapshot/snapshot-store.ts"
import type { TemplateStore } from "../template/template-store.ts"
import type { MachineDeps } from "./machine-deps.ts"
import type { Sandbox } from "./sandbox.ts"
import type { SandboxJournal } from "./sandbox-journal.ts"
import type { SandboxRecord } from "./sandbox-record.ts"
import type { StepObserver } from "./steps.ts"
import type { WarmTemplates } from "./warm-templates.ts"

/** What sandboxes are made with; one for the whole host agent */
export interface SandboxDeps extends MachineDeps {
  readonly templates: TemplateStore
  readonly snapshots: SnapshotStore
  readonly journal: SandboxJournal
  readonly logger: Logger
  /** Removes what a record still names on the host, for when its owner is no more */
  readonly removeLeftovers: (record: SandboxRecord, options: { readonly keepDisk: boolean }) => Promise<void>
  readonly warm: WarmTemplates
  readonly stepObserver?: StepObserver
}

export interface SandboxListener {
  /** Called after each change of status, in order */
  readonly onChange: (sandbox: Sandbox) => void
  /** Called when nothing is left to remember */
  readonly onForgotten: (sandbox: Sandbox) => void
}
