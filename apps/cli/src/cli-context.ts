import { resolve } from "node:path"

import type { Command } from "commander"

import type { CliConfig } from "./config.ts"
import { Output, type TextSink } from "./output/output.ts"
import { platformPaths, type PlatformPaths } from "./platform/platform-paths.ts"

/** What the command line was started with */
export interface CliEnvironment {
  readonly config: CliConfig
  /** Words after the first `--` */
  readonly wordsAfterDashes: readonly string[]
  readonly stdout: TextSink
  readonly stderr: TextSink
}

/** What a command works with */
export interface CliContext {
  readonly config: CliConfig
  readonly output: Output
  readonly paths: PlatformPaths
  /** Whether the data directory was named on the command line: it then says which platform is meant */
  readonly isDataDirGiven: boolean
  readonly wordsAfterDashes: readonly string[]
}

/** Options that every command takes */
export interface GlobalOptions {
  readonly json?: boolean
  readonly dataDir?: string
}

/** Makes the context of the command that is being run from its global options */
export function openContext(command: Command, environment: CliEnvironment): CliContext {
  const options: GlobalOptions = command.optsWithGlobals()
  const { stdout, stderr } = environment
  return {
    config: environment.config,
    output: new Output({ json: options.json === true, stdout, stderr }),
    paths: platformPaths(resolve(options.dataDir ?? environment.config.dataDir)),
    isDataDirGiven: options.dataDir !== undefined,
    wordsAfterDashes: environment.wordsAfterDashes,
  }
}
