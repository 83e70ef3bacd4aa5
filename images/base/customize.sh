#!/bin/sh
# Run by mmdebstrap after the packages are installed.
# $1: the new root directory. THAW_RECIPE_DIR: the directory of this file.
set -eu
root=$1

chroot "$root" useradd --create-home --uid 1000 --user-group --shell /bin/bash user
cp -R --no-preserve=ownership,timestamps "$THAW_RECIPE_DIR/files/." "$root/"
chmod 0440 "$root/etc/sudoers.d/user"
chmod 0644 "$root/etc/hostname" "$root/etc/hosts" "$root/etc/resolv.conf"

# Every sandbox gets a machine id of its own; an empty file says that there is none yet, machine-id(5).
: > "$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id"

# What installing left behind and would be the same in every sandbox.
rm -rf "$root"/var/cache/debconf/*-old "$root"/var/lib/dpkg/*-old "$root"/var/cache/ldconfig/aux-cache
rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/passwd- "$root"/etc/group- "$root"/etc/shadow- "$root"/etc/gshadow-
find "$root/var/log" -type f -exec truncate --size=0 {} +
find "$root/usr" -name __pycache__ -type d -prune -exec rm -rf {} +
