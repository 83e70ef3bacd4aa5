import { CommandFailedError, type Run } from "@thaw/linux"

/**
 * Stands in for `ip`, `nft` and `sysctl` on one machine: keeps the names of namespaces and veth devices, and can fail
 * or be interrupted at a chosen command. What it knows is checked against the real tools by the kernel tests.
 */
export class FakeNetworkTools {
  readonly namespaces = new Set<string>()
  readonly links = new Set<string>()
  readonly commands: string[] = []
  /** Called before each command with its number, counted from 1; throw `stderr` text by returning it */
  failAt: ((command: string, number: number) => string | undefined) | undefined

  readonly run: Run = async (argv, { input, signal }) => {
    await Promise.resolve()
    const lines = typeof input === "string" && argv.includes("-batch") ? input.trim().split("\n") : []
    const command = [argv.join(" "), ...lines].join(" | ")
    this.commands.push(command)
    const failure = signal?.aborted === true ? "" : this.failAt?.(command, this.commands.length)
    const stderr = failure ?? this.#apply(argv, lines)
    if (stderr !== undefined) throw commandFailed(argv, stderr)
    return { stdout: "", stderr: "", durationMs: 1 }
  }

  listNames = () => Promise.resolve({ namespaces: new Set(this.namespaces), links: new Set(this.links) })

  /** Performs one command; gives what it would write on standard error when it fails */
  #apply(argv: readonly string[], lines: readonly string[]): string | undefined {
    const [, ...args] = argv
    const name = args.at(-1) ?? ""
    if (args[0] === "netns" && args[1] === "add") {
      if (this.namespaces.has(name)) return `Cannot create namespace file "/run/netns/${name}": File exists`
      this.namespaces.add(name)
    } else if (args[0] === "netns" && args[1] === "delete") {
      if (!this.namespaces.delete(name)) {
        return `Cannot remove namespace file "/run/netns/${name}": No such file or directory`
      }
    } else if (args[0] === "link" && args[1] === "delete") {
      if (!this.links.delete(name)) return `Cannot find device "${name}"`
    }
    for (const line of lines) {
      const veth = /^link add name (\S+)/.exec(line)?.[1]
      if (veth === undefined) continue
      if (this.links.has(veth)) return "RTNETLINK answers: File exists\nCommand failed -:1"
      this.links.add(veth)
    }
    return undefined
  }
}

function commandFailed(argv: readonly string[], stderr: string): CommandFailedError {
  return new CommandFailedError({
    argv,
    exitCode: 1,
    signal: null,
    timedOut: false,
    tooMuchOutput: false,
    aborted: stderr === "",
    stdout: "",
    stderr,
    durationMs: 1,
  })
}
