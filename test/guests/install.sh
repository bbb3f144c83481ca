#!/usr/bin/env bash
# Installs what building and booting the guests of `npm run test:boot` asks for, on Debian or Ubuntu: what is there
# stays. Building asks for root; the boots do not.
#
#   install.sh [--all]   with --all also what those guests need that are not built at every change: Arm, and a
#                        kernel of its own
set -euo pipefail

PATH="$PATH:/usr/sbin:/sbin"
packages=()
need() { command -v "$1" > /dev/null || packages+=("$2"); }
need_file() { [[ -e "$1" ]] || packages+=("$2"); }
need mmdebstrap mmdebstrap
need qemu-img qemu-utils
need qemu-system-x86_64 qemu-system-x86
need_file /usr/share/OVMF/OVMF_CODE_4M.fd ovmf
need mke2fs e2fsprogs
need mkfs.vfat dosfstools
need mcopy mtools
need sfdisk fdisk
need sgdisk gdisk
need guestfish libguestfs-tools
need_file /usr/lib/x86_64-linux-gnu/guestfs/supermin.d/packages-xfs libguestfs-xfs
# libguestfs boots the machine's own kernel: any will do.
compgen -G '/boot/vmlinuz-*' > /dev/null || packages+=(linux-image-amd64)
if [[ ${1:-} == --all ]]; then
  need qemu-system-aarch64 qemu-system-arm
  need_file /usr/share/AAVMF/AAVMF_CODE.fd qemu-efi-aarch64
  need qemu-aarch64-static qemu-user-static
  need update-binfmts binfmt-support
  need arch-test arch-test
  need_file /usr/src/linux-source-6.1.tar.xz linux-source-6.1
  need gcc gcc
  need make make
  need flex flex
  need bison bison
  need bc bc
  need_file /usr/include/gelf.h libelf-dev
fi

if ((${#packages[@]} > 0)); then
  as_root=()
  [[ $EUID -eq 0 ]] || as_root=(sudo)
  echo "installing ${packages[*]}"
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${packages[@]}"
fi
echo 'all that guests are made from is there'
