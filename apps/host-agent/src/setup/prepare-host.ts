import { mkdir } from "node:fs/promises"
import { resolve } from "node:path"

import type { HostPaths } from "../host-paths.ts"
import { baseTemplateStep } from "./base-template-step.ts"
import { guestAgentStep } from "./guest-agent-step.ts"
import { initramfsStep } from "./initramfs-step.ts"
import { kernelStep } from "./kernel-step.ts"
import { packagesStep } from "./packages-step.ts"
import { qemuUffdStep } from "./qemu-uffd-step.ts"
import { acquireSetupLock } from "./setup-lock.ts"
import { type SetupProgress, type SetupStepName, SETUP_STEPS } from "./setup-progress.ts"
import type { SetupContext, SetupStep } from "./setup-step.ts"
import { openScratch } from "./scratch.ts"

export interface PrepareHostOptions {
  readonly paths: HostPaths
  /** Root of the source tree, which holds `native/` and `images/` */
  readonly sourceDir: string
  readonly onProgress: (event: SetupProgress) => void
  readonly signal?: AbortSignal
}

export interface SetupResult {
  /** Steps that had something to do; empty when the host was ready */
  readonly done: readonly SetupStepName[]
  readonly durationMs: number
}

const STEPS: Readonly<Record<SetupStepName, SetupStep>> = {
  packages: packagesStep,
  "guest-agent": guestAgentStep,
  "qemu-uffd": qemuUffdStep,
  kernel: kernelStep,
  initramfs: initramfsStep,
  "template base": baseTemplateStep,
}

/**
 * Makes a host ready to boot sandboxes. Needs root.
 *
 * Every step is skipped when it is done already, so a second run takes a moment and needs no network. A step that fails
 * leaves what was there before; the steps after it are not tried. One set-up of a data directory runs at a time.
 */
export async function prepareHost(options: PrepareHostOptions): Promise<SetupResult> {
  const { paths, onProgress, signal } = options
  const sourceDir = resolve(options.sourceDir)
  const startedAt = performance.now()
  const done: SetupStepName[] = []
  for (const directory of [paths.artifactsDir, paths.templatesDir]) {
    await mkdir(directory, { recursive: true, mode: 0o755 })
  }
  using _lock = await acquireSetupLock(paths, {
    onWait: () =>
      onProgress({ step: SETUP_STEPS[0], state: "progress", message: "waiting for another set-up to end" }),
    ...(signal === undefined ? {} : { signal }),
  })
  await using scratch = await openScratch(paths.scratchDir)
  for (const name of SETUP_STEPS) {
    const step = STEPS[name]
    const context: SetupContext = {
      paths: { ...paths, scratchDir: scratch.path },
      sourceDir,
      report: (message) => onProgress({ step: name, state: "progress", message }),
      ...(signal === undefined ? {} : { signal }),
    }
    if (await runStep(step, { context, onProgress })) done.push(name)
  }
  return { done, durationMs: performance.now() - startedAt }
}

interface RunStepOptions {
  readonly context: SetupContext
  readonly onProgress: (event: SetupProgress) => void
}

async function runStep(step: SetupStep, { context, onProgress }: RunStepOptions): Promise<boolean> {
  const startedAt = performance.now()
  const end = (state: "skipped" | "done" | "failed", message: string) =>
    onProgress({ step: step.name, state, message, durationMs: Math.round(performance.now() - startedAt) })
  try {
    context.signal?.throwIfAborted()
    const reason = await step.check(context)
    if (reason !== undefined) {
      end("skipped", reason)
      return false
    }
    onProgress({ step: step.name, state: "started" })
    end("done", await step.apply(context))
    return true
  } catch (error) {
    end("failed", error instanceof Error ? error.message : String(error))
    throw error
  }
}
