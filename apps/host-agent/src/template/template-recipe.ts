import { readFile } from "node:fs/promises"
import { resolve } from "node:path"

import { z } from "zod"

import { hashTree } from "../setup/hash-tree.ts"

const packageName = z.string().regex(/^[a-z0-9][a-z0-9.+-]*$/)

const recipeSchema = z.strictObject({
  name: z.string(),
  /** Debian's code name */
  suite: z.string().regex(/^[a-z]+$/),
  sizeMib: z.int().min(512).max(65_536),
  inodes: z.int().min(16_384),
  journalMib: z.int().min(4),
  packages: z.array(packageName).min(1),
  /** Globs of files that dpkg leaves out, and those of them that stay */
  excludedPaths: z.array(z.string().startsWith("/")),
  includedPaths: z.array(z.string().startsWith("/")),
})

/** What a template is made from, besides its overlay `files/` and `customize.sh` */
export type TemplateRecipe = z.infer<typeof recipeSchema>

/** A recipe with where it stands and the hash of all of it */
export interface LocatedRecipe {
  readonly recipe: TemplateRecipe
  readonly directory: string
  readonly hash: string
}

/** Raised when builds of the same recipe come to differ */
const BUILDER_VERSION = 1

/** Reads a recipe. Throws with the field that is wrong. */
export function parseTemplateRecipe(text: string): TemplateRecipe {
  const parsed = recipeSchema.safeParse(JSON.parse(text))
  if (parsed.success) return parsed.data
  throw new TypeError(`template recipe is not valid: ${z.prettifyError(parsed.error)}`)
}

/** Reads the recipe of template `name` from `images/` of the source tree */
export async function readTemplateRecipe(sourceDir: string, name: string): Promise<LocatedRecipe> {
  const directory = resolve(sourceDir, "images", name)
  const recipe = parseTemplateRecipe(await readFile(resolve(directory, "recipe.json"), "utf8"))
  const hash = await hashTree(directory, { salt: `builder ${BUILDER_VERSION}` })
  return { recipe, directory, hash }
}
