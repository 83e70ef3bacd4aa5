import { PlatformError } from "@thaw/model"
import { describe, expect, it } from "vitest"

import { escapeControls, escapeControlsOfLines } from "./escape-controls.ts"
import { formatBytes } from "./format-bytes.ts"
import { formatDuration } from "./format-duration.ts"
import { formatTable } from "./format-table.ts"
import { Output } from "./output.ts"
import { formatStepEnd, relaySteps, reportStep } from "./progress-reporter.ts"
import { shellQuote } from "./shell-quote.ts"

function recorder(isTTY: boolean, json: boolean) {
  const texts = { stdout: "", stderr: "" }
  const output = new Output({
    json,
    stdout: { write: (text) => (texts.stdout += text) },
    stderr: { isTTY, write: (text) => (texts.stderr += text) },
  })
  return { output, texts }
}

describe("formatDuration()", () => {
  it.each([
    [0, "0 ms"],
    [840.4, "840 ms"],
    [12_345, "12.3 s"],
    [245_000, "4 min 5 s"],
    [11_520_000, "3 h 12 min"],
    [187_200_000, "2 d 4 h"],
  ])("%d is %s", (durationMs, text) => {
    expect(formatDuration(durationMs)).toBe(text)
  })
})

describe("formatBytes()", () => {
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [68_500, "66.9 KiB"],
    [4 * 1024 * 1024, "4.0 MiB"],
    [1.5 * 1024 ** 3, "1.5 GiB"],
  ])("%d is %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })
})

describe("formatTable()", () => {
  it("pads to the widest cell and leaves no blanks at the end", () => {
    expect(
      formatTable([
        ["ID", "STATUS"],
        ["sbxabc", "running"],
        ["s", ""],
      ]),
    ).toBe("ID      STATUS\nsbxabc  running\ns\n")
    expect(formatTable([])).toBe("")
  })
})

describe("escapeControls()", () => {
  it("escapes what a terminal obeys, and nothing else", () => {
    expect(escapeControls("\u001b]0;x\u0007 \r\n\t\u007f\u009b2J äß日本 ✓")).toBe(
      String.raw`\u001b]0;x\u0007 \u000d\u000a\u0009\u007f\u009b2J äß日本 ✓`,
    )
    expect(escapeControlsOfLines("a\nb\u001bc")).toBe("a\nb\\u001bc")
  })

  it("is applied to lines, errors and cells", () => {
    const { output, texts } = recorder(true, false)
    output.progress('left out "\u001b[2J\n"')
    output.transient("\u0007")
    output.error(new Error("log:\n\u009b2J"))
    expect(texts.stderr).toBe('left out "\\u001b[2J\\u000a"\n\r\u001b[2K\\u0007thaw: log:\n\\u009b2J\n')
    expect(formatTable([["a\nb"], ["c"]])).toBe("a\\u000ab\nc\n")
  })
})

describe("shellQuote()", () => {
  it.each([
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
    ["thaw_abc", "thaw_abc"],
    ["", "''"],
    ["a b", "'a b'"],
    ["$(rm -rf /)", "'$(rm -rf /)'"],
    ["it's", String.raw`'it'\''s'`],
    ["a\nb", "'a\nb'"],
  ])("quotes %j as %s", (text, quoted) => {
    expect(shellQuote(text)).toBe(quoted)
  })
})

describe("Output", () => {
  it("keeps results and errors apart", () => {
    const { output, texts } = recorder(false, false)
    output.result({ a: 1 }, "a is 1\n")
    output.error(new PlatformError("not_found", "no sandbox"))
    expect(texts).toEqual({ stdout: "a is 1\n", stderr: "thaw: no sandbox\n" })
  })

  it("writes one JSON object each in JSON mode", () => {
    const { output, texts } = recorder(false, true)
    output.result({ a: 1 }, "a is 1\n")
    output.error(new PlatformError("not_found", "no sandbox", { details: { id: "x" } }))
    expect(texts.stdout).toBe('{"a":1}\n')
    expect(JSON.parse(texts.stderr)).toEqual({
      error: { code: "not_found", message: "no sandbox", details: { id: "x" } },
    })
  })
})

it("Output goes on when nothing can be written", () => {
  const sink = {
    isTTY: true,
    write: () => {
      throw new Error("ENOSPC: no space left on device, write")
    },
  }
  const output = new Output({ json: false, stdout: sink, stderr: sink })
  expect(() => {
    output.result({}, "x")
    output.progress("x")
    output.transient("x")
    output.error(new Error("x"))
  }).not.toThrow()
})

describe("progress of steps", () => {
  it("formats the end of a step", () => {
    expect(formatStepEnd({ step: "kernel", state: "done", durationMs: 12_345 })).toBe("✓ kernel (12.3 s)")
    expect(formatStepEnd({ step: "kernel", state: "skipped" })).toBe("· kernel: already done")
    expect(formatStepEnd({ step: "kernel", state: "failed", message: "no disk" })).toBe("✗ kernel: no disk")
  })

  it("is plain lines where nobody watches", () => {
    const { output, texts } = recorder(false, false)
    reportStep(output, { step: "kernel", state: "started" })
    reportStep(output, { step: "kernel", state: "progress", message: "50 %" })
    reportStep(output, { step: "kernel", state: "done", durationMs: 5 })
    expect(texts.stderr).toBe("… kernel\n✓ kernel (5 ms)\n")
  })

  it("is relayed from another process, in place on a terminal", () => {
    const lines = "… kernel\n✓ kernel (5 ms)\n"
    const plain = recorder(false, false)
    relaySteps(plain.output, lines)
    expect(plain.texts.stderr).toBe(lines)
    const watched = recorder(true, false)
    relaySteps(watched.output, lines)
    expect(watched.texts.stderr).toContain("\r\u001b[2K… kernel\r\u001b[2K✓ kernel (5 ms)\n")
  })

  it("shows what is under way on a terminal", () => {
    const { output, texts } = recorder(true, false)
    reportStep(output, { step: "kernel", state: "progress", message: "50 %" })
    expect(texts.stderr).toContain("… kernel: 50 %")
  })
})
