import { MIB, PlatformError, parseTemplateName } from "@thaw/model"

import { readTemplateRecipe } from "../template/template-recipe.ts"
import { TemplateStore } from "../template/template-store.ts"
import { signalOption, type SetupStep } from "./setup-step.ts"

const BASE = parseTemplateName("base")

/** Builds template `base` */
export const baseTemplateStep: SetupStep = {
  name: "template base",
  check: async ({ paths, sourceDir }) => {
    const { hash } = await readTemplateRecipe(sourceDir, BASE)
    try {
      const { buildId, manifest } = await new TemplateStore(paths).open(BASE)
      return manifest.recipeHash === hash ? `build ${buildId} is of this recipe` : undefined
    } catch (error) {
      if (error instanceof PlatformError && error.code === "not_found") return undefined
      throw error
    }
  },
  apply: async (context) => {
    const { buildId, manifest } = await new TemplateStore(context.paths).build(BASE, {
      sourceDir: context.sourceDir,
      onProgress: context.report,
      ...signalOption(context),
    })
    const packageCount = Object.keys(manifest.packages).length
    return `build ${buildId}, ${packageCount} packages, ${Math.ceil(manifest.rootfs.allocatedBytes / MIB)} MiB`
  },
}
