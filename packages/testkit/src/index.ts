export { readResourceLedger, type ResourceLedger } from "./ledger/resource-ledger.ts"
export { startTemporaryPostgres, type TemporaryPostgres } from "./postgres/temporary-postgres.ts"
export { type HeldCall, type Injections } from "./simulated-host/injections.ts"
export type { SimulatedExec } from "./simulated-host/simulated-exec.ts"
export type { SimulatedSandbox, SimulatedSandboxes } from "./simulated-host/simulated-sandboxes.ts"
export {
  startSimulatedHostAgent,
  type SimulatedHostAgent,
  type SimulatedHostAgentOptions,
} from "./simulated-host/simulated-host-agent.ts"
