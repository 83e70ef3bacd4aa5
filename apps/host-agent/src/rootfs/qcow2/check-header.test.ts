import { describe, expect, it } from "vitest"

import type { RootfsBase } from "../rootfs-store.ts"
import { checkHeader } from "./check-header.ts"
import { planEmptyOverlay } from "./plan-empty-overlay.ts"
import { CLUSTER_BYTES, EXTENSION, HEADER_BYTES } from "./qcow2-format.ts"

const base: RootfsBase = { path: "/templates/base/rootfs.ext4", sizeBytes: 2 ** 31, format: "raw" }

function firstCluster(of: RootfsBase = base): Buffer {
  const spec = { backingPath: of.path, backingFormat: of.format, sizeBytes: of.sizeBytes }
  const cluster = Buffer.alloc(CLUSTER_BYTES)
  cluster.set(planEmptyOverlay(spec).parts[0]?.data ?? [])
  return cluster
}

/** As QEMU writes a header anew: longer, with a table of feature names */
function rewritten(extension: number = EXTENSION.featureNames): Buffer {
  const cluster = Buffer.alloc(CLUSTER_BYTES)
  firstCluster().copy(cluster, 0, 0, HEADER_BYTES)
  cluster.writeUInt32BE(112, 100)
  cluster.writeUInt32BE(EXTENSION.backingFormat, 112)
  cluster.writeUInt32BE(3, 116)
  cluster.write("raw", 120)
  cluster.writeUInt32BE(extension, 128)
  cluster.writeUInt32BE(48, 132)
  cluster.writeBigUInt64BE(200n, 8)
  cluster.write(base.path, 200)
  return cluster
}

describe("checkHeader()", () => {
  const layer = { ...base, path: "/layers/x.qcow2", format: "qcow2" } as const
  it.each([
    ["was made for the base", firstCluster(), base],
    ["was made for a layer", firstCluster(layer), layer],
    ["QEMU has written anew", rewritten(), base],
  ])("takes what %s", (_, cluster, of) => {
    expect(() => checkHeader(cluster, of)).not.toThrow()
  })

  it.each([
    ["another file", { path: "/templates/base/rootfs.ext5" }],
    ["a longer name", { path: `${base.path}x` }],
    ["a name with an end in it", { path: `${base.path}\0` }],
    ["a pseudo-protocol", { path: 'json:{"driver":"file","filename":"/etc/shadow"}' }],
    ["another format", { format: "qcow2" }],
    ["another size", { sizeBytes: 2 ** 32 }],
  ] as const)("refuses an overlay over %s", (_, change) => {
    expect(() => checkHeader(firstCluster({ ...base, ...change }), base)).toThrow("not the one that was made")
  })

  it.each([
    ["magic", 0],
    ["version 2", 7, 2],
    ["backing file far away", 8],
    ["backing file with a long name", 18],
    ["cluster size", 23, 12],
    ["encryption", 35],
    ["internal snapshots without end", 60],
    ["an external data file", 79, 4],
    ["an unknown incompatible feature", 72, 128],
    ["lazy reference counts", 87, 1],
    ["bitmaps", 95, 1],
    ["size of reference counts", 99, 6],
    ["header length", 103, 72],
    ["a huge header length", 100, 255],
    ["extension of unknown type", 104],
    ["extension without end", 108, 255],
  ])("refuses %s", (_, offset, byte = 0x7f) => {
    const cluster = firstCluster()
    cluster[offset] = byte
    expect(() => checkHeader(cluster, base)).toThrow(expect.objectContaining({ code: "data_loss" }) as Error)
  })

  it.each([EXTENSION.externalDataFile, 0x23_85_28_75, 0x05_37_be_77])("refuses extension %i", (type) => {
    expect(() => checkHeader(rewritten(type), base)).toThrow("not the one that was made")
  })

  it("refuses another compression, and a file cut short", () => {
    const cluster = rewritten()
    cluster[104] = 1
    expect(() => checkHeader(cluster, base)).toThrow("not the one that was made")
    for (const length of [0, 50, 200]) {
      expect(() => checkHeader(firstCluster().subarray(0, length), base)).toThrow("not the one that was made")
    }
  })

  it("refuses an overlay that names no format, which QEMU would guess", () => {
    const cluster = firstCluster()
    cluster.writeUInt32BE(EXTENSION.featureNames, 104)
    expect(() => checkHeader(cluster, base)).toThrow("not the one that was made")
  })
})
