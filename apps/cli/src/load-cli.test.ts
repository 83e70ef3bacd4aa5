import { run } from "@thaw/linux"
import { expect, it } from "vitest"

import { CLI_MAIN } from "./source-dir.ts"

/** Makes a package of that name impossible to load */
function hookWithout(name: string): string {
  const resolve = `(specifier, context, next) => {
    if (specifier === ${JSON.stringify(name)}) throw new Error("Cannot find the native Koffi module")
    return next(specifier, context)
  }`
  const source = `import { registerHooks } from "node:module"; registerHooks({ resolve: ${resolve} })`
  return `data:text/javascript,${encodeURIComponent(source)}`
}

it("a machine on which native calls do not work is told what to do", async () => {
  const argv = [process.execPath, "--import", hookWithout("koffi"), CLI_MAIN, "doctor"] as const
  await expect(run(argv, { timeoutMs: 30_000 })).rejects.toMatchObject({
    exitCode: 1,
    stdout: "",
    stderr: expect.stringMatching(/^thaw: the package koffi does not work here \(.*node_modules" and run/),
  })
})
