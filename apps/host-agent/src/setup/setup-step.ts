import type { HostPaths } from "../host-paths.ts"
import type { SetupStepName } from "./setup-progress.ts"

/** What every step works with */
export interface SetupContext {
  readonly paths: HostPaths
  /** Root of the source tree */
  readonly sourceDir: string
  readonly signal?: AbortSignal
  readonly report: (message: string) => void
}

/** One idempotent step: `check` tells whether anything is to do, `apply` does it and leaves the state before when it fails */
export interface SetupStep {
  readonly name: SetupStepName
  /** Why the step can be skipped, or undefined when it is to be done */
  check(context: SetupContext): Promise<string | undefined>
  /** What was done, in a few words */
  apply(context: SetupContext): Promise<string>
}

/** The signal as an option that is absent when there is none */
export function signalOption(context: Pick<SetupContext, "signal">): { signal?: AbortSignal } {
  return context.signal === undefined ? {} : { signal: context.signal }
}
