import { readFile } from "node:fs/promises"

import { expect, it } from "vitest"

import { parseTemplateRecipe } from "./template-recipe.ts"

const RECIPE_PATH = new URL("../../../../images/base/recipe.json", import.meta.url)

it("the recipe of template base is valid, with its packages in order", async () => {
  const recipe = parseTemplateRecipe(await readFile(RECIPE_PATH, "utf8"))
  expect(recipe.name).toBe("base")
  expect(recipe.packages).toEqual([...new Set(recipe.packages)].sort())
})

it.each([
  ["a package that is an option", { packages: ["--help"] }],
  ["a suite with a path", { suite: "../x" }],
  ["an unknown field", { mirror: "x" }],
])("parseTemplateRecipe() refuses %s", async (_, change) => {
  const recipe: unknown = JSON.parse(await readFile(RECIPE_PATH, "utf8"))
  expect(() => parseTemplateRecipe(JSON.stringify(Object.assign({}, recipe, change)))).toThrow(
    /recipe is not valid/,
  )
})
