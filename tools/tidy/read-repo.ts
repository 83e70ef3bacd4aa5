import { readFile } from "node:fs/promises"
import { join } from "node:path"

import { run } from "@thaw/linux"

import { parseSource, type Repo, type Workspace } from "./repo.ts"

const GENERATED = "packages/rpc/src/gen/"

/** Reads the files that git tracks or would track */
export async function readRepo(root: string): Promise<Repo> {
  const { stdout } = await run(["git", "ls-files", "-z", "-co", "--exclude-standard"], {
    cwd: root,
    timeoutMs: 30_000,
  })
  const listed = Array.from(new Set(stdout.split("\0").filter((path) => path !== ""))).sort()
  const texts = new Map<string, string>()
  const present: string[] = []
  await Promise.all(
    listed.map(async (path) => {
      const isRead = /\.(?:tsx?|md)$|(?:^|\/)package\.json$/.test(path)
      const text = isRead ? await readIfPresent(join(root, path)) : ""
      if (text === undefined) return
      present.push(path)
      if (isRead) texts.set(path, text)
    }),
  )
  const read = Array.from(texts, ([path, text]) => ({ path, text })).sort((a, b) =>
    a.path < b.path ? -1 : 1,
  )
  const code = read.filter(({ path }) => /\.tsx?$/.test(path))
  return {
    sources: code
      .filter(({ path }) => !path.startsWith(GENERATED))
      .map(({ path, text }) => parseSource(path, text)),
    generated: code.filter(({ path }) => path.startsWith(GENERATED)),
    documents: read.filter(({ path }) => path.endsWith(".md")),
    workspaces: read.filter(({ path }) => path.endsWith("package.json")).map(parseWorkspace),
    paths: new Set(present),
  }
}

/** git still lists a file that was deleted and not yet committed so */
async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8")
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw error
  }
}

function parseWorkspace({ path, text }: { path: string; text: string }): Workspace {
  const manifest = JSON.parse(text) as {
    name: string
    dependencies?: Record<string, string>
    devDependencies?: Record<string, string>
  }
  return {
    folder: path.replace(/\/?package\.json$/, ""),
    name: manifest.name,
    dependencies: Object.keys(manifest.dependencies ?? {}),
    devDependencies: Object.keys(manifest.devDependencies ?? {}),
  }
}
