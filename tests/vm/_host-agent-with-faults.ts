import { once } from "node:events"

import { parseConfig, startHostAgent } from "@thaw/host-agent"

import { FaultInjector } from "./_fault-injector.ts"

const config = parseConfig(process.env)
const faults = new FaultInjector(config.dataDir)
await using _agent = await startHostAgent(config, { stepObserver: async (step) => await faults.before(step) })
const stop = new AbortController()
process.once("SIGTERM", () => stop.abort())
await once(stop.signal, "abort")
