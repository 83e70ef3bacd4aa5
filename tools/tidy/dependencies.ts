import { packageOf } from "./parse-imports.ts"
import { isTestFile, workspaceOf, type Finding, type Repo, type SourceFile } from "./repo.ts"

/** What a workspace imports is declared in its package.json; tests may also use what the root declares for development */
export function checkDeclaredDependencies(repo: Repo): Finding[] {
  const rootDevelopment = repo.workspaces.find(({ folder }) => folder === "")?.devDependencies ?? []
  const anywhere = new Set(
    repo.workspaces.flatMap((each) => [each.name, ...each.dependencies, ...each.devDependencies]),
  )
  const mayImport = (file: SourceFile, name: string): boolean => {
    const workspace = workspaceOf(file.path, repo.workspaces)
    if (workspace === undefined) return anywhere.has(name)
    if (workspace.name === name || workspace.dependencies.includes(name)) return true
    return isTestFile(file.path) && [...workspace.devDependencies, ...rootDevelopment].includes(name)
  }
  return repo.sources.flatMap((file) =>
    file.imports.flatMap(({ specifier, line }) => {
      const name = packageOf(specifier)
      if (name === undefined || name === "node" || mayImport(file, name)) return []
      const where = workspaceOf(file.path, repo.workspaces)?.folder ?? "the repository"
      return [{ file: file.path, line, message: `"${name}" is not a dependency of ${where}` }]
    }),
  )
}

/** What a workspace declares is mentioned in a string of one of its files; a workspace without files is not looked at */
export function checkUnusedDependencies(repo: Repo): Finding[] {
  return repo.workspaces.flatMap((workspace) => {
    const sources = [...repo.sources, ...repo.generated].filter(
      ({ path }) => workspaceOf(path, repo.workspaces) === workspace,
    )
    if (sources.length === 0) return []
    const names = [...workspace.dependencies, ...workspace.devDependencies]
    return names
      .filter((name) => !name.startsWith("@types/") && !sources.some(({ text }) => mentions(text, name)))
      .map((name) => ({
        file: `${workspace.folder}/package.json`,
        line: 1,
        message: `dependency "${name}" is not used`,
      }))
  })
}

function mentions(text: string, name: string): boolean {
  return text.includes(`"${name}"`) || text.includes(`"${name}/`)
}
