/** The guest's side of its network link; the same in every sandbox, so that a snapshot fits any slot */
const GUEST_ADDRESS = "169.254.0.21/30"
const GATEWAY_ADDRESS = "169.254.0.22"

/** Where the agent is once the root file system is in place: on a tmpfs, so it works in any image */
export const AGENT_PATH = "/run/thaw/guest-agent"

/** How long the root device may take to appear: tenths of a second */
const ROOT_WAIT_TENTHS = 100

/**
 * Writes `/init` of the initramfs, for busybox's shell.
 *
 * It runs in an emulated machine too, where starting a program costs milliseconds: so it starts few, and asks the shell
 * itself for the rest. A step that fails ends PID 1 with a message, the kernel panics, and the host sees the VM exit.
 * A missing network device is no failure.
 *
 * @param moduleFiles Names in `/modules`, in loading order
 */
export function formatInitScript(moduleFiles: readonly string[]): string {
  return `#!/bin/sh
fail() {
  echo "thaw: $1" >/dev/console
  exit 1
}
# The shell finds its own applets through /proc: before and after it, busybox is named.
/bin/busybox mount -t proc proc /proc || fail "cannot mount /proc"
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev || fail "cannot mount /dev"
for module in ${moduleFiles.join(" ")}; do
  insmod /modules/$module || fail "cannot load kernel module $module"
done
tenths=0
until [ -b /dev/vda ]; do
  [ $tenths -lt ${ROOT_WAIT_TENTHS} ] || fail "root device /dev/vda did not appear within ${ROOT_WAIT_TENTHS / 10} seconds"
  tenths=$((tenths + 1))
  sleep 0.1
done
mount -t ext4 -o noatime /dev/vda /newroot || fail "cannot mount /dev/vda as ext4"
ip link set lo up
if [ -e /sys/class/net/eth0 ]; then
  ip addr add ${GUEST_ADDRESS} dev eth0
  ip link set eth0 up
  ip route add default via ${GATEWAY_ADDRESS}
fi
for directory in proc sys dev run; do
  [ -d /newroot/$directory ] || mkdir /newroot/$directory || fail "cannot make /$directory"
done
mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs /newroot/run || fail "cannot mount /run"
mkdir /newroot/run/thaw
cp /guest-agent /newroot${AGENT_PATH} || fail "cannot copy the guest agent"
mount -o move /sys /newroot/sys
mount -o move /dev /newroot/dev
mount -o move /proc /newroot/proc
exec /bin/busybox switch_root /newroot ${AGENT_PATH}
fail "cannot start the guest agent"
`
}
