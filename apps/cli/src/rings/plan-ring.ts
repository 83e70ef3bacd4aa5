import { join } from "node:path"

import type { Ring } from "./ring.ts"

/** One program of a ring, and how its tests are counted */
export interface RingStep {
  readonly name: string
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
  /** `exit-code`: counts as one test; `vitest`: by the report it writes; `cargo`: by what it prints */
  readonly counted: "exit-code" | "vitest" | "cargo"
}

export interface RingPlanOptions {
  readonly sourceDir: string
  /** Where vitest writes its report */
  readonly reportPath: string
  /** Directory of what tests share and may be deleted at any time */
  readonly cacheDir: string
  /** Words for vitest */
  readonly extraArgs: readonly string[]
  /** The PATH of this process */
  readonly path: string
}

/** What the distribution ships; another cargo that is first in PATH may be newer than the code may use */
const CARGO = "/usr/bin/cargo"
const DISTRIBUTION_PATH = "/usr/bin:/bin"

/** The programs that a ring consists of */
export function planRing(ring: Ring, options: RingPlanOptions): RingStep[] {
  const bin = join(options.sourceDir, "node_modules", ".bin")
  const env = { PATH: `${bin}:${options.path}` }
  const check = (name: string, argv: readonly [string, ...string[]]): RingStep => ({
    name,
    argv,
    env,
    counted: "exit-code",
  })
  switch (ring) {
    case "check":
      return [
        check("types", [join(bin, "tsc"), "--noEmit"]),
        check("lint", [join(bin, "oxlint"), "--type-aware", "--deny-warnings"]),
        check("format", [join(bin, "oxfmt"), "--check", "."]),
        check("tidy", [join(bin, "node"), "tools/tidy.ts"]),
      ]
    case "native":
      return [planCargoTest(options)]
    case "unit":
    case "integration":
    case "vm":
      return [
        { name: ring, argv: planVitestArgv(ring, join(bin, "vitest"), options), env, counted: "vitest" },
      ]
  }
}

function planVitestArgv(ring: Ring, vitest: string, options: RingPlanOptions): [string, ...string[]] {
  return [
    vitest,
    "run",
    `--project=${ring}`,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${options.reportPath}`,
    // A filter may well match nothing in one of the rings.
    ...(options.extraArgs.length === 0 ? [] : ["--passWithNoTests", ...options.extraArgs]),
  ]
}

function planCargoTest(options: RingPlanOptions): RingStep {
  const manifest = join(options.sourceDir, "native", "Cargo.toml")
  return {
    name: "native",
    argv: [CARGO, "test", "--offline", "--locked", "--workspace", "--manifest-path", manifest],
    env: { PATH: DISTRIBUTION_PATH, CARGO_TARGET_DIR: join(options.cacheDir, "native-target") },
    counted: "cargo",
  }
}
