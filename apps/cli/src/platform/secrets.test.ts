import { mkdtemp, readFile, readdir, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { expect, it } from "vitest"

import { platformPaths } from "./platform-paths.ts"
import { ensureSecrets, readApiKey } from "./secrets.ts"

it("makes secrets once, for root's eyes only", async () => {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), "thaw-secrets-"))
  stack.defer(() => rm(directory, { recursive: true }))
  const paths = platformPaths(directory)
  await expect(readApiKey(paths)).rejects.toMatchObject({ code: "unavailable" })

  await ensureSecrets(paths)
  const key = await readApiKey(paths)
  const token = await readFile(paths.hostAgentToken, "utf8")
  expect(key).toMatch(/^thaw_[a-z2-7]{32}$/)
  expect((await stat(paths.secretsDir)).mode & 0o777).toBe(0o700)
  expect((await stat(paths.apiKey)).mode & 0o777).toBe(0o600)

  await ensureSecrets(paths)
  expect(await readApiKey(paths)).toBe(key)
  expect(await readFile(paths.hostAgentToken, "utf8")).toBe(token)
  expect(await readdir(paths.secretsDir)).toEqual(["api-key", "host-agent-token"])
})
