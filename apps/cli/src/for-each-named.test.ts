import { expect, it } from "vitest"

import { forEachNamed } from "./for-each-named.ts"
import { Output } from "./output/output.ts"

async function act(name: string): Promise<string> {
  await Promise.resolve()
  if (name.startsWith("bad")) throw new Error(`no ${name}`)
  return name.toUpperCase()
}

it("forEachNamed() goes on after failures, and keeps the last one for the caller", async () => {
  const texts: string[] = []
  const sink = { write: (text: string) => texts.push(text) }
  const context = { output: new Output({ json: false, stdout: sink, stderr: sink }) }
  expect(await forEachNamed(context, ["a", "bad1", "b", "bad2"], act)).toEqual({
    results: ["A", "B"],
    failure: { error: new Error("no bad2") },
  })
  expect(texts).toEqual(["thaw: no bad1\n"])
  expect(await forEachNamed(context, ["a"], act)).toEqual({ results: ["A"], failure: undefined })
})
