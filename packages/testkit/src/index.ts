export { readResourceLedger, type ResourceLedger } from "./ledger/resource-ledger.ts"
export { startTemporaryPostgres, type TemporaryPostgres } from "./postgres/temporary-postgres.ts"
export { type HeldCall, type Injections } from "./simulated-host/injections.ts"
export type { SimulatedExec } from "./simulated-host/simulated-exec.ts"
export type { SimulatedSandbox } from "./simulated-host/simulated-sandbox.ts"
export type { SimulatedSandboxes } from "./simulated-host/simulated-sandboxes.ts"
export type { SimulatedTemplates } from "./simulated-host/simulated-templates.ts"
export {
  startSimulatedHostAgent,
  type SimulatedHostAgent,
  type SimulatedHostAgentOptions,
} from "./simulated-host/simulated-host-agent.ts"
