# What the layouts share; sourced by make-guest.sh. Positions are in sectors of 512 bytes.

ROOT_UUID=5d1d9a1e-6f0d-4c39-9a4f-0e7c5a4b1c01
BOOT_UUID=5d1d9a1e-6f0d-4c39-9a4f-0e7c5a4b1c02
ESP_ID=B4010E5F
DISK_ID=5d1d9a1e

# What the guest's own disk will be called and hold; a layout says what differs.
ROOT_DEVICE=/dev/sda1 ROOT_FS=ext2 PARTITION_TABLE=msdos SUBVOLUME= PARTUUID=
BOOT_DEVICE= BOOT_FS=

# Writes a file of the guest's: a new one, since the one that is there is the tree's as well.
#   put /etc/FILE < CONTENT
put() {
  rm -f "$stage$1"
  cat > "$stage$1"
}

# Runs a command inside the guest's tree, with a /proc and a /dev that are gone afterwards.
in_stage() {
  local boot_uuid=$BOOT_UUID
  [[ $BOOT_DEVICE ]] || boot_uuid=$ROOT_UUID
  unshare --mount --fork bash -euc '
    stage=$1 stand_ins=$2 uuid=$3 partuuid=$4
    shift 4
    mkdir "$stage/dev.new"
    mount -t tmpfs tmpfs "$stage/dev.new"
    cp -a /dev/null /dev/zero /dev/urandom /dev/random "$stage/dev.new/"
    ln -s /proc/self/fd "$stage/dev.new/fd"
    # grub-mkconfig names the root by its UUID if the system knows it by that.
    mkdir -p "$stage/dev.new/disk/by-uuid" "$stage/dev.new/disk/by-partuuid"
    touch "$stage/dev.new/disk/by-uuid/$uuid" "$stage/dev.new/disk/by-partuuid/${partuuid:-none}"
    mount --move "$stage/dev.new" "$stage/dev"
    rmdir "$stage/dev.new"
    mount -t proc proc "$stage/proc"
    mount --bind "$stand_ins/grub-probe" "$stage/usr/sbin/grub-probe"
    mount --bind "$stand_ins/grub-mkrelpath" "$stage/usr/bin/grub-mkrelpath"
    exec chroot "$stage" /usr/bin/env -i "$@"
  ' bash "$stage" "$here/stand-ins" "$ROOT_UUID" "$PARTUUID" \
    PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C \
    ROOT_DEVICE="$ROOT_DEVICE" ROOT_UUID="$ROOT_UUID" ROOT_FS="$ROOT_FS" \
    BOOT_DEVICE="${BOOT_DEVICE:-$ROOT_DEVICE}" BOOT_UUID="$boot_uuid" BOOT_FS="${BOOT_FS:-$ROOT_FS}" \
    PARTITION_TABLE="$PARTITION_TABLE" SUBVOLUME="$SUBVOLUME" PARTUUID="$PARTUUID" "$@"
}

# grub.cfg as Debian's own scripts write it, and the modules that grub-install would copy.
grub_menu() {
  local platform=$1
  mkdir -p "$stage/boot/grub/$platform"
  cp "$stage/usr/lib/grub/$platform"/*.{mod,lst} "$stage/boot/grub/$platform/"
  in_stage grub-mkconfig -o /boot/grub/grub.cfg 2> "$work/grub-mkconfig.log" || {
    cat "$work/grub-mkconfig.log" >&2
    return 1
  }
}

# An image of GRUB that finds the filesystem of /boot/grub by its UUID.
#   grub_image PLATFORM UUID FOLDER MODULES…
grub_image() {
  local platform=$1 uuid=$2 folder=$3
  shift 3
  printf 'search.fs_uuid %s root\nset prefix=($root)%s\n' "$uuid" "$folder" > "$stage/tmp/early.cfg"
  in_stage grub-mkimage -O "$platform" -o /tmp/core.img -c /tmp/early.cfg -p "$folder" \
    search_fs_uuid configfile normal echo test "$@"
  mv "$stage/tmp/core.img" "$work/core.img"
  rm "$stage/tmp/early.cfg"
}

# Writes GRUB's boot record, and its core image from a sector on: the gap after an MBR, or a BIOS boot partition.
# What grub-bios-setup would patch: boot.img's kernel_sector (0x5c), its check of the drive's number (0x66, two
# NOPs), and diskboot.img's list of blocks, whose one entry begins at 0x1f4 of the core's first sector.
grub_bios() {
  local start=$1
  cp "$stage/usr/lib/grub/i386-pc/boot.img" "$work/boot.img"
  patch_bytes "$work/boot.img" 0x5c "$(little_endian "$start" 8)"
  patch_bytes "$work/boot.img" 0x66 '\x90\x90'
  patch_bytes "$work/core.img" 0x1f4 "$(little_endian $((start + 1)) 8)"
  dd if="$work/boot.img" of="$disk" bs=1 count=440 conv=notrunc status=none
  dd if="$work/core.img" of="$disk" bs=512 seek="$start" conv=notrunc status=none
}

patch_bytes() { printf "$3" | dd of="$1" bs=1 seek=$(($2)) conv=notrunc status=none; }

little_endian() {
  local value=$1 bytes=$2
  for ((; bytes > 0; bytes--, value >>= 8)); do printf '\\x%02x' $((value & 255)); done
}

# Makes an ext filesystem from a folder.
#   ext_filesystem TYPE FOLDER UUID START SECTORS
ext_filesystem() {
  local type=$1 folder=$2 uuid=$3 start=$4 sectors=$5
  mke2fs -q -F -t "$type" -U "$uuid" -E "offset=$((start * 512)),hash_seed=$uuid" -d "$folder" \
    "$disk" "$((sectors / 2))k"
}

# Makes the EFI system partition from a folder.
#   efi_filesystem FOLDER START SECTORS
efi_filesystem() {
  local folder=$1 start=$2 sectors=$3
  mkfs.vfat -C -F 32 -s 1 -i "$ESP_ID" -n EFI "$work/esp.fat" "$((sectors / 2))" > /dev/null
  mcopy -s -Q -i "$work/esp.fat" "$folder"/* ::
  dd if="$work/esp.fat" of="$disk" bs=512 seek="$start" conv=notrunc,sparse status=none
}

# Fills a disk that an appliance partitions, formats and mounts: filesystems that only a kernel can fill.
#   appliance FOLDER < COMMANDS OF GUESTFISH, where TREE stands for the archive of the folder
appliance() {
  local folder=$1
  tar -C "$folder" --xattrs -cf "$work/tree.tar" .
  sed "s|TREE|$work/tree.tar|" > "$work/commands"
  LIBGUESTFS_BACKEND=direct LIBGUESTFS_BACKEND_SETTINGS=force_tcg \
    guestfish --format=raw -a "$disk" -f "$work/commands"
  rm "$work/tree.tar"
}

# The EFI system partition's folder as grub-install fills it; the fallback path is what a machine without variables
# of its own starts from.
#   efi_grub BOOTX64.EFI grubx64.efi
efi_grub() {
  local fallback=$1 loader=$2
  mkdir -p "$work/esp/EFI/BOOT" "$work/esp/EFI/debian" "$stage/boot/efi"
  cp "$work/core.img" "$work/esp/EFI/debian/$loader"
  [[ -z $fallback ]] || cp "$work/core.img" "$work/esp/EFI/BOOT/$fallback"
}
