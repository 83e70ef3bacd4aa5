import { expect, it } from "vitest"

import { parsePackageVersions, planTemplateBuild } from "./plan-template-build.ts"

const PLAN = planTemplateBuild(
  {
    directory: "/src/images/base",
    hash: "a".repeat(64),
    recipe: {
      name: "base",
      suite: "bookworm",
      sizeMib: 1024,
      inodes: 65_536,
      journalMib: 8,
      packages: ["bash", "git"],
      excludedPaths: ["/usr/share/man/*"],
      includedPaths: ["/usr/share/doc/*/copyright"],
    },
  },
  { buildId: "0000000010000000", rootDir: "/scratch/root", rootfsPath: "/scratch/rootfs.ext4" },
)

it("the bootstrap names packages and suite, and no mirror", () => {
  const { argv } = PLAN.bootstrap
  expect(argv).toContain("--include=bash,git")
  expect(argv.slice(-2)).toEqual(["bookworm", "/scratch/root"])
  expect(argv.join(" ")).not.toMatch(/https?:/)
  // dpkg takes the last option that matches a path.
  expect(argv.findIndex((word) => word.includes("path-include"))).toBeGreaterThan(
    argv.findIndex((word) => word.includes("path-exclude")),
  )
})

it("the file system has the recipe's size and an identity of its build", () => {
  expect(PLAN.sizeBytes).toBe(1024 * 1024 * 1024)
  expect(PLAN.makeFilesystem.argv.slice(-2)).toEqual(["/scratch/rootfs.ext4", "262144"])
  expect(PLAN.makeFilesystem.argv.some((word) => word.includes("hash_seed="))).toBe(true)
})

it("parsePackageVersions() reads one package a line", () => {
  expect(parsePackageVersions("bash\t5.2\ngit\t1:2.39\n")).toEqual({ bash: "5.2", git: "1:2.39" })
})
