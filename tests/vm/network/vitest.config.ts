import { defineConfig } from "vitest/config"

/** For `isolated-host.test.ts` alone, which runs these tests where they can do no harm */
export default defineConfig({
  test: {
    include: ["tests/vm/network/*.isolated.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
})
