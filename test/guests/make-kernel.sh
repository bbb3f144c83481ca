#!/usr/bin/env bash
# Compiles a kernel from Debian's sources that has all it starts with built in, as people have it who build kernels
# for one kind of machine: it needs no initramfs. Debian ships none like it.
#
#   make-kernel.sh FOLDER   gives FOLDER/boot and FOLDER/lib/modules
set -euo pipefail
folder=$(realpath -m "$1")
part=$folder.part
rm -rf "$part"
mkdir -p "$part/boot" "$part/build"
tar -C "$part/build" --strip-components=1 -xf /usr/src/linux-source-6.1.tar.xz
cd "$part/build"

make -s tinyconfig
# Out of the smallest configuration: what systemd asks for, a serial console, and the disks and cards of both
# launch modes.
enable=(
  64BIT SMP PRINTK BUG MULTIUSER FUTEX EPOLL SIGNALFD TIMERFD EVENTFD SHMEM AIO FHANDLE INOTIFY_USER FILE_LOCKING
  ADVISE_SYSCALLS MEMBARRIER POSIX_TIMERS PROC_FS PROC_SYSCTL SYSFS TMPFS TMPFS_XATTR TMPFS_POSIX_ACL DEVTMPFS
  DEVTMPFS_MOUNT BINFMT_ELF BINFMT_SCRIPT CGROUPS NAMESPACES SECCOMP MODULES MODULE_UNLOAD BLOCK BLK_DEV
  PCI ACPI HIGH_RES_TIMERS RTC_CLASS X86_TSC KALLSYMS SYSVIPC POSIX_MQUEUE COREDUMP BASE_FULL CRYPTO
  TTY VT SERIAL_8250 SERIAL_8250_CONSOLE UNIX98_PTYS INPUT
  PARTITION_ADVANCED MSDOS_PARTITION EFI_PARTITION EXT4_FS EXT4_FS_POSIX_ACL AUTOFS_FS AUTOFS4_FS
  SCSI SCSI_LOWLEVEL BLK_DEV_SD SCSI_VIRTIO VIRTIO_MENU VIRTIO_PCI VIRTIO_PCI_LEGACY VIRTIO_BLK
  ATA ATA_SFF ATA_BMDMA ATA_PIIX ATA_ACPI SATA_AHCI
  NET UNIX INET PACKET NETDEVICES NET_CORE VIRTIO_NET ETHERNET NET_VENDOR_INTEL E1000
)
for option in "${enable[@]}"; do scripts/config --enable "$option"; done
scripts/config --set-str LOCALVERSION -builtin
make -s olddefconfig
make -s -j"$(nproc)" bzImage modules
release=$(make -s kernelrelease)
cp arch/x86/boot/bzImage "$part/boot/vmlinuz-$release"
cp .config "$part/boot/config-$release"
cp System.map "$part/boot/System.map-$release"
make -s INSTALL_MOD_PATH="$part" modules_install
rm -rf "$part/lib/modules/$release"/{build,source}
cd /
rm -rf "$part/build"
mv "$part" "$folder"
