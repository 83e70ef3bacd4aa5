import { describe, expect, it } from "vitest"

import { planRing } from "./plan-ring.ts"
import { parseRings } from "./ring.ts"

const options = {
  sourceDir: "/src",
  reportPath: "/tmp/r.json",
  cacheDir: "/src/.cache",
  path: "/usr/bin",
  extraArgs: [],
}

describe("parseRings()", () => {
  it("runs all of them when none is named, always in the same order", () => {
    expect(parseRings([]).rings).toEqual(["check", "unit", "native", "integration", "vm"])
    expect(parseRings(["vm", "unit"]).rings).toEqual(["unit", "vm"])
  })

  it("names the first word that is no ring", () => {
    expect(parseRings(["unit", "lunar"]).unknown).toBe("lunar")
    expect(parseRings(["unit"]).unknown).toBeUndefined()
  })
})

describe("planRing()", () => {
  it("runs the checks without the unit tests", () => {
    const steps = planRing("check", options)
    expect(steps.map(({ name }) => name)).toEqual(["types", "lint", "format", "tidy"])
    expect(
      steps.every(
        ({ counted, env }) => counted === "exit-code" && env["PATH"]?.startsWith("/src/node_modules/.bin:"),
      ),
    ).toBe(true)
  })

  it("lets vitest write a report and hands words over to it", () => {
    const [step] = planRing("vm", { ...options, extraArgs: ["-t", "boots"] })
    expect(step?.argv).toEqual([
      "/src/node_modules/.bin/vitest",
      "run",
      "--project=vm",
      "--reporter=default",
      "--reporter=json",
      "--outputFile.json=/tmp/r.json",
      "--passWithNoTests",
      "-t",
      "boots",
    ])
  })

  it("tests native code with the distribution's cargo only", () => {
    const [step] = planRing("native", options)
    expect(step?.argv[0]).toBe("/usr/bin/cargo")
    expect(step?.env).toEqual({ PATH: "/usr/bin:/bin", CARGO_TARGET_DIR: "/src/.cache/native-target" })
  })
})
