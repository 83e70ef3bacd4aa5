import { expect, it } from "vitest"

import { isPagerOf, planProcesses, processNameOf } from "./plan-processes.ts"
import { platformPaths } from "./platform-paths.ts"

it.each([
  [["/node", "/src/apps/cli/src/main.ts", "up", "--data-dir=/data"]],
  [["/node", "/src/apps/cli/src/main.ts", "--data-dir=/data", "down"]],
  [["grep", "apps/host-agent/src/main.ts", "--data-dir=/data"]],
  [["/node"]],
])("processNameOf() takes %j for no process of a platform", (argv) => {
  expect(processNameOf(argv, "/data")).toBeUndefined()
})

it("isPagerOf() knows the pager of a data directory, which is none of the processes that the supervisor starts", () => {
  const argv = ["/node", "/src/apps/pager/src/main.ts", "--data-dir=/data"]
  expect(isPagerOf(argv, "/data")).toBe(true)
  expect(processNameOf(argv, "/data")).toBeUndefined()
  expect(isPagerOf(argv, "/dat")).toBe(false)
  expect(isPagerOf(["/node", "/src/apps/host-agent/src/main.ts", "--data-dir=/data"], "/data")).toBe(false)
  expect(isPagerOf(["vim", "/src/apps/pager/src/main.ts"], "/data")).toBe(false)
  expect(isPagerOf([], "/data")).toBe(false)
})

it("plans the host agent first, and gives both the same environment", () => {
  const plans = planProcesses({
    paths: platformPaths("/data"),
    sourceDir: "/src",
    node: "/node",
    port: 8080,
    agentPort: 50_051,
  })
  expect(plans.map(({ name, argv, logPath }) => ({ name, argv, logPath }))).toEqual([
    {
      name: "host-agent",
      argv: ["/node", "/src/apps/host-agent/src/main.ts", "--data-dir=/data"],
      logPath: "/data/logs/host-agent.log",
    },
    {
      name: "control-plane",
      argv: ["/node", "/src/apps/control-plane/src/main.ts", "--data-dir=/data"],
      logPath: "/data/logs/control-plane.log",
    },
  ])
  expect(plans[0]?.env).toEqual(plans[1]?.env)
  expect(plans[0]?.env).toEqual({
    THAW_DATA_DIR: "/data",
    THAW_LISTEN: "127.0.0.1:8080",
    THAW_HOST_AGENT_LISTEN: "127.0.0.1:50051",
    THAW_HOST_AGENT_URL: "http://127.0.0.1:50051",
    THAW_HOST_AGENT_TOKEN_FILE: "/data/secrets/host-agent-token",
    THAW_API_KEY_FILE: "/data/secrets/api-key",
  })
  expect(plans.map(({ argv }) => processNameOf(argv, "/data"))).toEqual(["host-agent", "control-plane"])
  expect(plans.map(({ argv }) => processNameOf(argv, "/dat"))).toEqual([undefined, undefined])
})
