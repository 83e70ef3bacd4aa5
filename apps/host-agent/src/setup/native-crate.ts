import { createHash } from "node:crypto"
import { mkdir, readFile } from "node:fs/promises"
import { join } from "node:path"

import { run } from "@thaw/linux"

import { hashTree } from "./hash-tree.ts"
import { signalOption, type SetupContext } from "./setup-step.ts"

const BUILD_TIMEOUT_MS = 10 * 60_000
/** Named, so that the build's result lies in the same place whatever the toolchain's default is */
const TARGET = "x86_64-unknown-linux-gnu"
const RUST_FLAG_SEPARATOR = "\x1f"
const EXCLUDED_NAMES = ["target", "tests"]
/** What all crates of the workspace are built by */
const WORKSPACE_FILES = ["Cargo.toml", "Cargo.lock"]

/** One crate of `native/` that becomes one file */
export interface NativeCrate {
  /** Directory below `native/`, and the package in it */
  readonly name: "guest-agent" | "qemu-uffd"
  /** File that cargo makes */
  readonly fileName: string
  readonly rustFlags: readonly string[]
}

/** Compiles a crate with the distribution's toolchain, offline; returns the file it makes */
export async function buildNativeCrate(crate: NativeCrate, context: SetupContext): Promise<Buffer> {
  const { paths, sourceDir } = context
  const targetDir = join(paths.scratchDir, `cargo-target-${crate.name}`)
  await mkdir(targetDir)
  const build = ["build", "--release", "--offline", "--locked", "-p", crate.name, "--target", TARGET]
  await run(["/usr/bin/cargo", ...build], {
    timeoutMs: BUILD_TIMEOUT_MS,
    cwd: join(sourceDir, "native", crate.name),
    // The toolchain of the distribution, and neither settings nor another toolchain of whoever runs this.
    env: {
      PATH: "/usr/bin:/bin",
      RUSTC: "/usr/bin/rustc",
      RUSTC_WRAPPER: "",
      RUSTC_WORKSPACE_WRAPPER: "",
      CARGO_ENCODED_RUSTFLAGS: crate.rustFlags.join(RUST_FLAG_SEPARATOR),
      CARGO_HOME: join(paths.scratchDir, "cargo-home"),
      CARGO_TARGET_DIR: targetDir,
    },
    ...signalOption(context),
  })
  return await readFile(join(targetDir, TARGET, "release", crate.fileName))
}

/** Hashes what a crate is built from: its own sources and the files of the workspace, not those of other crates */
export async function hashNativeCrate(crate: NativeCrate, sourceDir: string): Promise<string> {
  const nativeDir = join(sourceDir, "native")
  const salt = [TARGET, ...crate.rustFlags].join(" ")
  const hash = createHash("sha256")
  hash.update(await hashTree(join(nativeDir, crate.name), { salt, excludedNames: EXCLUDED_NAMES }))
  for (const name of WORKSPACE_FILES) {
    const content = await readFile(join(nativeDir, name))
    hash.update(`${name}\0${content.length}\0`).update(content)
  }
  return hash.digest("hex")
}
