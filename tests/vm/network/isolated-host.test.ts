import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"

import { expect, test } from "vitest"

const ROOT = join(import.meta.dirname, "../../..")

/**
 * Runs the `*.isolated.ts` files beside this one in a network of their own that plays the host, with an empty /run: the
 * rules are those of the real kernel, what is there before and after can be compared whole, and the network of the
 * machine, with whatever sandboxes run on it, is not touched.
 */
test("the network of sandboxes on an isolated host", async () => {
  const setUp = 'mount -t sysfs sysfs /sys && mount -t tmpfs tmpfs /run && ip link set lo up && exec "$@"'
  const config = join(import.meta.dirname, "vitest.config.ts")
  const vitest = [process.execPath, join(ROOT, "node_modules/vitest/vitest.mjs"), "run"]
  const child = spawn(
    "unshare",
    ["--net", "--mount", "--propagation", "private", "sh", "-c", setUp, "sh", ...vitest].concat(
      ["--root", ROOT, "--config", config],
      ["--reporter", "verbose"],
    ),
    { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] },
  )
  expect(await once(child, "close")).toEqual([0, null])
})
