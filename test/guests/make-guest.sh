#!/usr/bin/env bash
# Makes one guest's disk, as root, from the tree of its architecture.
#
#   make-guest.sh TREE LAYOUT INITRAMFS OUT.qcow2 [CHANGE…]
#
# LAYOUT is a file of layouts/, INITRAMFS one of the ways of make-initramfs.sh or a file, CHANGE a function of
# changes.sh that alters the tree. DISK_GIB is the disk's size, if not 8.
set -euo pipefail
PATH="$PATH:/usr/sbin:/sbin"
here=$(cd "$(dirname "$0")" && pwd)
tree=$1 layout=$2 initramfs=$3 out=$4
shift 4

disk_sectors=$((${DISK_GIB:-8} * 1024 * 1024 * 2))
work=$(mktemp -d "$(dirname "$out")/work-XXXXXX")
trap 'rm -rf "$work"' EXIT
stage=$work/stage disk=$work/disk.raw

. "$here/steps.sh"
. "$here/make-initramfs.sh"
. "$here/changes.sh"
. "$here/layouts/$layout.sh"

# Hard links: what a guest has of its own is a new file; nothing here writes into one that is there.
cp -al "$tree" "$stage"
truncate -s $((disk_sectors * 512)) "$disk"
for change in "$@"; do "$change"; done
layout
qemu-img convert -O qcow2 "$disk" "$work/disk.qcow2"
mv "$work/disk.qcow2" "$out"
