/** The steps of a set-up, in their order */
export const SETUP_STEPS = [
  "packages",
  "guest-agent",
  "qemu-uffd",
  "kernel",
  "initramfs",
  "template base",
] as const

export type SetupStepName = (typeof SETUP_STEPS)[number]

/** What happens in a set-up, for people to watch */
export interface SetupProgress {
  readonly step: SetupStepName
  readonly state: "skipped" | "started" | "progress" | "done" | "failed"
  readonly message?: string
  /** Of the whole step, once it has ended */
  readonly durationMs?: number
}
