import { createHash } from "node:crypto"
import { mkdir, readFile, stat } from "node:fs/promises"
import { join } from "node:path"

import { run, writeFileAtomic } from "@thaw/linux"

import { readArtifactRecord, writeArtifactRecord } from "./artifact-record.ts"
import { isStaticExecutable } from "./elf.ts"
import { hashTree } from "./hash-tree.ts"
import { isFileOfSize } from "./is-file-of-size.ts"
import { signalOption, type SetupContext, type SetupStep } from "./setup-step.ts"

const BUILD_TIMEOUT_MS = 10 * 60_000
/** Named, so that the build's result lies in the same place whatever the toolchain's default is */
const TARGET = "x86_64-unknown-linux-gnu"
/** Those of `native/.cargo/config.toml`, which a caller's RUSTFLAGS would replace */
export const RUST_FLAGS = ["-C", "target-feature=+crt-static", "-C", "relocation-model=static"] as const
const RUST_FLAG_SEPARATOR = "\x1f"
const EXCLUDED_NAMES = ["target", "tests"]

/** Builds the guest agent with the distribution's toolchain, offline */
export const guestAgentStep: SetupStep = {
  name: "guest-agent",
  check: async (context) => {
    const record = await readArtifactRecord(context.paths.artifactsDir, "guest-agent")
    if (record === undefined || !(await isFileOfSize(context.paths.guestAgent, record.sizeBytes)))
      return undefined
    return record.sourceHash === (await hashSources(context)) ? "built from these sources" : undefined
  },
  apply: async (context) => {
    const { paths, sourceDir } = context
    const sourceHash = await hashSources(context)
    const targetDir = join(paths.scratchDir, "cargo-target")
    await mkdir(targetDir)
    context.report("compiling")
    await run(
      [
        "/usr/bin/cargo",
        "build",
        "--release",
        "--offline",
        "--locked",
        "-p",
        "guest-agent",
        "--target",
        TARGET,
      ],
      {
        timeoutMs: BUILD_TIMEOUT_MS,
        // cargo reads `.cargo/config.toml` of the directory it is started in.
        cwd: join(sourceDir, "native"),
        // The toolchain of the distribution, and neither settings nor another toolchain of whoever runs this.
        env: {
          PATH: "/usr/bin:/bin",
          RUSTC: "/usr/bin/rustc",
          RUSTC_WRAPPER: "",
          RUSTC_WORKSPACE_WRAPPER: "",
          CARGO_ENCODED_RUSTFLAGS: RUST_FLAGS.join(RUST_FLAG_SEPARATOR),
          CARGO_HOME: join(paths.scratchDir, "cargo-home"),
          CARGO_TARGET_DIR: targetDir,
        },
        ...signalOption(context),
      },
    )
    const program = await readFile(join(targetDir, TARGET, "release", "guest-agent"))
    if (!isStaticExecutable(program)) {
      throw new Error("guest agent is not a static executable: it would not run in every root file system")
    }
    await writeFileAtomic(paths.guestAgent, program, { mode: 0o755 })
    const { size } = await stat(paths.guestAgent)
    await writeArtifactRecord(paths.artifactsDir, "guest-agent", {
      sourceHash,
      sizeBytes: size,
      sha256: createHash("sha256").update(program).digest("hex"),
    })
    return `${Math.ceil(size / 1024)} KiB`
  },
}

async function hashSources(context: SetupContext): Promise<string> {
  return await hashTree(join(context.sourceDir, "native"), { salt: TARGET, excludedNames: EXCLUDED_NAMES })
}
