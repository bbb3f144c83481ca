#!/usr/bin/env bash
# Installs someone else's programs that `npm run test:judges` asks for, on Debian or Ubuntu: what is there stays.
set -euo pipefail
cd "$(dirname "$0")/../.."

# Pinned: another version of the CLI may say the same thing in other words.
OCI_CLI_VERSION=3.95.1
# Generated of the OCI provider's own schema, for Terraform's resources and their arguments; read, never run.
PULUMI_OCI_VERSION=5.5.0
VENV=.byoi/judges

PATH="$PATH:/usr/sbin:/sbin"
packages=()
need() { command -v "$1" > /dev/null || packages+=("$2"); }
need qemu-img qemu-utils
need mke2fs e2fsprogs
need debugfs e2fsprogs
need blkid util-linux
need mcopy mtools
need mkfs.fat dosfstools
need mkntfs ntfs-3g
need fusermount3 fuse3
need setfattr attr
need sfdisk fdisk
need sgdisk gdisk
need mkfs.btrfs btrfs-progs
need grub-fstest grub-common
need systemd-analyze systemd
need guestfish libguestfs-tools
need lsinitramfs initramfs-tools-core
need hivexget libhivex-bin
need hivexregedit libwin-hivex-perl
need cpio cpio
need xz xz-utils
need zstd zstd
need lz4 lz4
need lzop lzop
need bzip2 bzip2
# The kernel of libguestfs' appliance; installing it makes the initramfs that is judged.
compgen -G '/boot/vmlinuz-*' > /dev/null || packages+=("linux-image-$(dpkg --print-architecture)")
need mkfs.xfs xfsprogs
need xfs_db xfsprogs
need mkswap util-linux
need cryptsetup cryptsetup-bin
need mkfs.f2fs f2fs-tools
need mkfs.exfat exfatprogs
need mkfs.jfs jfsutils
need mkfs.reiserfs reiserfsprogs
need mksquashfs squashfs-tools
need mkfs.erofs erofs-utils
need makefs makefs
need xorriso xorriso
need tmux tmux
need buildah buildah
need zsh zsh
need fish fish
need python3 python3
python3 -c 'import ensurepip' 2> /dev/null || packages+=(python3-venv)

if ((${#packages[@]} > 0)); then
  as_root=()
  [[ $EUID -eq 0 ]] || as_root=(sudo)
  echo "installing ${packages[*]}"
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${packages[@]}"
fi

if [[ "$("$VENV/bin/oci" --version 2> /dev/null || true)" != "$OCI_CLI_VERSION" ]]; then
  echo "installing the OCI CLI $OCI_CLI_VERSION into $VENV"
  python3 -m venv "$VENV"
  "$VENV/bin/pip" install --quiet --disable-pip-version-check "oci-cli==$OCI_CLI_VERSION"
fi

if ! compgen -G "$VENV/wheels/pulumi_oci-$PULUMI_OCI_VERSION-*.whl" > /dev/null; then
  echo "fetching the OCI provider's schema, pulumi-oci $PULUMI_OCI_VERSION, into $VENV/wheels"
  rm -rf "$VENV/wheels"
  "$VENV/bin/pip" download --quiet --disable-pip-version-check --no-deps --dest "$VENV/wheels" "pulumi-oci==$PULUMI_OCI_VERSION"
fi
echo 'all judges are there'
