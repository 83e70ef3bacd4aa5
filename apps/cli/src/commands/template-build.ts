import { parseTemplateName } from "@thaw/model"
import type { Command } from "commander"

import { openContext, type CliContext, type CliEnvironment } from "../cli-context.ts"
import { reportStep } from "../output/progress-reporter.ts"
import { requireRoot } from "../platform/require-root.ts"
import { listenForStop } from "../platform/stop-signals.ts"
import { SOURCE_DIR } from "../source-dir.ts"

export function addTemplateBuildCommand(parent: Command, environment: CliEnvironment): void {
  parent
    .command("build <name>")
    .description("build a template from its recipe in images/ when it changed; running sandboxes keep theirs")
    .option("--force", "build it in any case")
    .action(async (name: string, options: { force?: boolean }, command: Command) => {
      await buildTemplate(openContext(command, environment), name, options.force === true)
    })
}

async function buildTemplate(context: CliContext, name: string, force: boolean): Promise<void> {
  requireRoot("thaw template build")
  const templateName = parseTemplateName(name)
  using stop = listenForStop()
  const { TemplateStore, acquireSetupLock, hostPaths } = await import("@thaw/host-agent")
  const paths = hostPaths(context.paths.dataDir)
  const store = new TemplateStore(paths)
  // The set-up brings the packages that a build needs, and builds the base template when its recipe changed.
  const { prepareThisHost } = await import("../platform/prepare-this-host.ts")
  const before = (await store.list()).find((template) => template.name === templateName)
  await prepareThisHost(context, { signal: stop.signal })
  const prepared = (await store.list()).find((template) => template.name === templateName)
  const isFresh = prepared !== undefined && prepared.buildId !== before?.buildId
  if (prepared !== undefined && (isFresh || !force)) {
    sayTemplate(context, prepared, isFresh)
    return
  }
  using _lock = await acquireSetupLock(paths, {
    onWait: () => context.output.progress("waiting for another set-up to end"),
    signal: stop.signal,
  })
  const step = `template ${templateName}`
  const startedAt = performance.now()
  const built = await store.build(templateName, {
    sourceDir: SOURCE_DIR,
    onProgress: (message) => reportStep(context.output, { step, state: "progress", message }),
    signal: stop.signal,
  })
  reportStep(context.output, { step, state: "done", durationMs: performance.now() - startedAt })
  sayTemplate(context, built, true)
}

function sayTemplate(context: CliContext, template: { name: string; buildId: string }, isNew: boolean): void {
  const value = { name: template.name, build_id: template.buildId, built: isNew }
  context.output.result(value, `${template.name} ${template.buildId}${isNew ? "" : " (already built)"}\n`)
}
