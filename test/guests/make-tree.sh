#!/usr/bin/env bash
# Makes the tree of files that all guests of one architecture begin with: Debian 12, a kernel, two makers of an
# initramfs, boot loaders, and a service that tells on the console how the guest started.
#
#   make-tree.sh amd64|arm64 FOLDER
set -euo pipefail
architecture=$1 tree=$2
PATH="$PATH:/usr/sbin:/sbin"

packages=(
  "linux-image-$architecture" systemd-sysv udev kmod initramfs-tools dracut-core busybox
  # Both keep what they make apart, so that one tree serves all guests.
  grub-common grub2-common
  ifupdown isc-dhcp-client iproute2
  e2fsprogs xfsprogs btrfs-progs dosfstools lvm2
  zstd lz4 xz-utils lzop bzip2
)
case $architecture in
  amd64) packages+=(grub-pc-bin grub-efi-amd64-bin systemd-boot-efi binutils) ;;
  arm64) packages+=(grub-efi-arm64-bin) ;;
esac

# A foreign architecture's programs run by qemu-user, if the kernel knows them. That takes an hour for the thousands
# of them that make an initramfs of MODULES=most, so the kernel's package is told which modules it shall have.
hooks=()
if [[ $architecture != "$(dpkg --print-architecture)" ]]; then
  mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
  update-binfmts --enable > /dev/null
  hooks=(
    '--essential-hook=mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"'
    '--essential-hook=echo MODULES=list > "$1/etc/initramfs-tools/conf.d/foreign"'
    '--essential-hook=printf "%s\\n" virtio_pci virtio_scsi sd_mod ext4 > "$1/usr/share/initramfs-tools/modules.d/foreign"'
  )
fi

rm -rf --one-file-system "$tree" "$tree.part"
# In a mount namespace: what it mounts in the tree goes with it, also when it is killed.
unshare --mount --fork --kill-child mmdebstrap --quiet --variant=minbase --architectures="$architecture" --components=main \
  --include="$(IFS=,; echo "${packages[*]}")" \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' "${hooks[@]}" \
  bookworm "$tree.part" "${BYOI_DEBIAN_MIRROR:-http://deb.debian.org/debian}"

cd "$tree.part"
rm -f initrd.img.old vmlinuz.old
echo guest > etc/hostname
printf '127.0.0.1 localhost guest\n' > etc/hosts
printf '%s\n' 'auto lo' 'iface lo inet loopback' '' 'allow-hotplug eth0' 'iface eth0 inet dhcp' \
  > etc/network/interfaces
case $architecture in amd64) console=ttyS0 ;; arm64) console=ttyAMA0 ;; esac
cat > etc/default/grub << GRUB
GRUB_DEFAULT=0
GRUB_TIMEOUT=1
GRUB_DISTRIBUTOR=\`lsb_release -i -s 2> /dev/null || echo Debian\`
GRUB_CMDLINE_LINUX_DEFAULT=""
GRUB_CMDLINE_LINUX="net.ifnames=0 biosdevname=0 console=tty0 console=$console,115200"
GRUB_TERMINAL="console serial"
GRUB_SERIAL_COMMAND="serial --speed=115200"
GRUB

cat > usr/local/sbin/byoi-report << 'REPORT'
#!/bin/sh
# Tells the console which drivers serve the disk and the network, and whether the network answers.
# A driver that is no part of the initramfs is on its way until udev has asked for all of them.
udevadm settle --timeout=120
for _ in $(seq 30); do
  address=$(ip -4 -o address show scope global | awk '{ print $4; exit }')
  [ -z "$address" ] || break
  # A guest whose network card found no driver waits for nothing.
  ls -d /sys/class/net/*/device > /dev/null 2>&1 || break
  sleep 1
done
for device in /sys/block/[sv]d*; do
  driver=$(cat "$device"/device/../../scsi_host/*/proc_name 2> /dev/null || basename "$(readlink -f "$device/device/driver")")
  disk="${disk:+$disk, }$(basename "$device") by $driver"
done
for link in /sys/class/net/*/device/driver; do
  [ ! -e "$link" ] || nic="${nic:+$nic, }$(basename "$(readlink -f "$link")")"
done
printf '\nbyoi-report: booted; disk: %s; root: %s; nic: %s; address: %s.\n' \
  "${disk:-none}" "$(findmnt -n -o SOURCE /)" "${nic:-none}" "${address:-none}" > /dev/console
REPORT
chmod 755 usr/local/sbin/byoi-report
cat > etc/systemd/system/byoi-report.service << 'SERVICE'
[Unit]
Description=Tell the console how this guest started
After=networking.service systemd-udev-settle.service

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/byoi-report

[Install]
WantedBy=multi-user.target
SERVICE
mkdir -p etc/systemd/system/multi-user.target.wants
ln -s ../byoi-report.service etc/systemd/system/multi-user.target.wants/
# Daily upkeep is of no use to a guest that lives for a minute.
rm -f etc/systemd/system/timers.target.wants/*
cd - > /dev/null
mv "$tree.part" "$tree"
