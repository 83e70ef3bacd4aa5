import { describe, expect, it } from "vitest"

import { runCli } from "./run-cli.ts"

async function runWords(...words: string[]) {
  const texts = { stdout: "", stderr: "" }
  const exitCode = await runCli(words, {
    config: { dataDir: "/nonexistent/thaw", apiUrl: undefined, apiKey: undefined, path: "/bin" },
    stdout: { write: (text) => (texts.stdout += text) },
    stderr: { write: (text) => (texts.stderr += text) },
  })
  return { exitCode, ...texts }
}

describe("runCli()", () => {
  it("prints help with the exit codes", async () => {
    const help = await runWords("--help")
    expect(help.exitCode).toBe(0)
    expect(help.stdout).toContain("3    the platform is not running")
  })

  it.each([
    [["nonsense"]],
    [["up", "--port", "70000"]],
    [["up", "--nonsense"]],
    [["sandbox"]],
    [["sandbox", "get"]],
    [["sandbox", "create", "--metadata", "x"]],
    [["sandbox", "create", "--on-timeout", "sleep"]],
    [["sandbox", "pause"]],
    [["sandbox", "resume"]],
    [["sandbox", "set"]],
    [["sandbox", "set", "sbxaaaaaaaaaaaaaaaaa"]],
    [["sandbox", "set", "sbxaaaaaaaaaaaaaaaaa", "--timeout", "-1"]],
    [["sandbox", "set", "sbxaaaaaaaaaaaaaaaaa", "--metadata", "a=b", "--clear-metadata"]],
    [["snapshot"]],
    [["snapshot", "create"]],
    [["snapshot", "ls", "--type", "other"]],
    [["snapshot", "get"]],
    [["snapshot", "rm"]],
    [["snapshot", "inspect"]],
    [["snapshot", "inspect", "x", "--mappings", "many"]],
    [["exec", "sbxaaaaaaaaaaaaaaaaa"]],
    [["cp", "a", "b"]],
    [["test", "lunar"]],
    [[]],
  ])("answers %j with 2 and one line", async (words) => {
    const { exitCode, stdout, stderr } = await runWords(...words)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" })
    expect(stderr).toMatch(/^thaw: [^\n]+\n$/)
  })

  it("answers with JSON also when the command line is wrong", async () => {
    const { exitCode, stderr } = await runWords("up", "--nonsense", "--json")
    expect(exitCode).toBe(2)
    expect(JSON.parse(stderr)).toEqual({
      error: { code: "invalid_argument", message: "unknown option '--nonsense'" },
    })
  })

  it.each([
    [["status"]],
    [["env"]],
    [["sandbox", "ls"]],
    [["sandbox", "pause", "sbxaaaaaaaaaaaaaaaaa"]],
    [["sandbox", "set", "sbxaaaaaaaaaaaaaaaaa", "--timeout", "60"]],
    [["snapshot", "ls"]],
    [["snapshot", "create", "sbxaaaaaaaaaaaaaaaaa", "x", "--overwrite"]],
    [["exec", "sbxaaaaaaaaaaaaaaaaa", "--", "true", "--json"]],
  ])("answers %j with 3 when no platform was started", async (words) => {
    const { exitCode, stdout, stderr } = await runWords(...words)
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" })
    expect(stderr).toMatch(/^thaw: .*"thaw up"/)
  })

  it.each([
    ["sandbox", "pause"],
    ["sandbox", "resume"],
    ["sandbox", "set"],
    ["snapshot", "create"],
    ["snapshot", "ls"],
    ["snapshot", "get"],
    ["snapshot", "rm"],
    ["snapshot", "inspect"],
  ])("%s %s has a help text", async (...words) => {
    const { exitCode, stdout } = await runWords(...words, "--help")
    expect(exitCode).toBe(0)
    expect(stdout).toContain(`Usage: thaw ${words.join(" ")}`)
  })

  it("says that nothing runs, and that this is fine", async () => {
    expect(await runWords("down", "--json")).toEqual({
      exitCode: 0,
      stdout: '{"was_running":false,"destroyed":[]}\n',
      stderr: "",
    })
  })
})
