import { parseSource, type Finding, type Repo, type Rule, type Workspace } from "./repo.ts"

const WORKSPACES: readonly Workspace[] = [
  { folder: "", name: "thaw", dependencies: [], devDependencies: ["vitest", "fast-check"] },
  ...[
    "packages/model",
    "packages/api",
    "packages/linux",
    "packages/testkit",
    "apps/cli",
    "apps/host-agent",
  ].map((folder) => ({
    folder,
    name: folder.replace(/^\w+/, "@thaw"),
    dependencies: ["pino"],
    devDependencies: [],
  })),
]

/** A repository of files given by path and text; `*.md` are documents */
export function repoOf(files: Readonly<Record<string, string>>, workspaces = WORKSPACES): Repo {
  const entries = Object.entries(files)
  return {
    sources: entries.filter(([path]) => path.endsWith(".ts")).map(([path, text]) => parseSource(path, text)),
    documents: entries.filter(([path]) => path.endsWith(".md")).map(([path, text]) => ({ path, text })),
    generated: [],
    workspaces,
    paths: new Set(Object.keys(files)),
  }
}

/** What a rule finds in a single file, as `line: message` */
export function findIn(rule: Rule, path: string, text: string): string[] {
  return rule(repoOf({ [path]: text })).map(({ line, message }: Finding) => `${line}: ${message}`)
}
