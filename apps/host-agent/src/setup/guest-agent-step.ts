import { isStaticExecutable } from "./elf.ts"
import { nativeCrateStep } from "./native-crate-step.ts"

/** Those of `native/guest-agent/.cargo/config.toml`, which a caller's RUSTFLAGS would replace */
export const GUEST_AGENT_RUST_FLAGS = [
  "-C",
  "target-feature=+crt-static",
  "-C",
  "relocation-model=static",
] as const

/** Builds the guest agent */
export const guestAgentStep = nativeCrateStep({
  crate: { name: "guest-agent", fileName: "guest-agent", rustFlags: GUEST_AGENT_RUST_FLAGS },
  path: (paths) => paths.guestAgent,
  mode: 0o755,
  refuse: (file) =>
    isStaticExecutable(file)
      ? undefined
      : "guest agent is not a static executable: it would not run in every root file system",
})
