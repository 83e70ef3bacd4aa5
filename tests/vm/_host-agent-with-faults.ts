import { once } from "node:events"

import { parseConfig, startHostAgent, type StepObserver } from "@thaw/host-agent"

/** `THAW_TEST_FAULT` is `<step>:fail` or `<step>:kill`: what happens once, before that step of a create */
const [faultStep, fault] = (process.env["THAW_TEST_FAULT"] ?? "").split(":")
let isArmed = true

const stepObserver: StepObserver = (step) => {
  if (step !== faultStep || !isArmed) return
  isArmed = false
  if (fault === "kill") process.kill(process.pid, "SIGKILL")
  throw new Error(`injected failure before step "${step}"`)
}

await using _agent = await startHostAgent(parseConfig(process.env), { stepObserver })
const stop = new AbortController()
process.once("SIGTERM", () => stop.abort())
await once(stop.signal, "abort")
