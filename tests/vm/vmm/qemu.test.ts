import { QemuDriver } from "../../../apps/host-agent/src/vmm/qemu/qemu-driver.ts"
import { describeVmm } from "./_vmm.suite.ts"

describeVmm("QemuDriver", async () => await QemuDriver.open({ accelerator: "tcg" }))
