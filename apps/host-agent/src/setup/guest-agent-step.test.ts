import { readFile } from "node:fs/promises"
import { join } from "node:path"

import { expect, it } from "vitest"

import { GUEST_AGENT_RUST_FLAGS } from "./guest-agent-step.ts"

it("the guest agent is built with the flags that cargo is configured with", async () => {
  const path = join(import.meta.dirname, "../../../../native/guest-agent/.cargo/config.toml")
  const flags = /^rustflags = (\[.*\])$/m.exec(await readFile(path, "utf8"))?.[1]
  expect(JSON.parse(flags ?? "")).toEqual(GUEST_AGENT_RUST_FLAGS)
})
