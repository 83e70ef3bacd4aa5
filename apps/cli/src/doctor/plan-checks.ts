import { join } from "node:path"

import { REQUIRED_PACKAGES, hostPaths, probeAccelerator } from "@thaw/host-agent"

import type { Check } from "./finding.ts"
import { kernelChecks } from "./kernel-checks.ts"
import { artifactCheck, kvmCheck } from "./kvm-check.ts"
import { machineChecks } from "./machine-checks.ts"
import { packageCheck } from "./package-check.ts"

/** Every prerequisite of a platform in `dataDir`, in the order they are shown */
export function planChecks(dataDir: string): Check[] {
  const paths = hostPaths(dataDir)
  return [
    ...machineChecks(dataDir),
    kvmCheck({ kernel: paths.kernel, probe: probeAccelerator }),
    ...kernelChecks(),
    packageCheck(REQUIRED_PACKAGES),
    artifactCheck("kernel", paths.kernel),
    artifactCheck("initramfs", paths.initramfs),
    artifactCheck("guest agent", paths.guestAgent),
    artifactCheck("preload library", paths.preloadLibrary),
    artifactCheck("base template", join(paths.templatesDir, "base", "current")),
  ]
}
