export { CommandFailedError, type CommandFailure } from "./exec/command-failed-error.ts"
export { run, type RunOptions, type RunResult } from "./exec/run.ts"
export { startDetached, type DetachedOptions } from "./exec/start-detached.ts"
export { endProcess, waitUntilGone } from "./process/end-process.ts"
export {
  findProcessesByArgument,
  identifyProcess,
  isAlive,
  type ProcessIdentity,
  type RunningCommand,
} from "./process/process-identity.ts"
