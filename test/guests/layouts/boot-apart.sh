# /boot on an ext2 of its own, the root on ext4 in a logical partition: Debian's older "separate partitions".
layout() {
  local boot_start=2048 boot_sectors=$((512 * 2048))
  local root_start=$((boot_start + boot_sectors + 2048))
  local root_sectors=$((disk_sectors - root_start))
  ROOT_DEVICE=/dev/sda5 PARTUUID=$DISK_ID-05 BOOT_DEVICE=/dev/sda1 BOOT_FS=ext2
  put /etc/fstab << END
UUID=$ROOT_UUID / ext4 errors=remount-ro 0 1
UUID=$BOOT_UUID /boot ext2 defaults 0 2
END
  make_initramfs
  grub_menu i386-pc
  grub_image i386-pc "$BOOT_UUID" /grub biosdisk part_msdos ext2

  sfdisk -q "$disk" << END
label: dos
label-id: 0x$DISK_ID
start=$boot_start, size=$boot_sectors, type=83, bootable
start=$((root_start - 2048)), type=5
start=$root_start, type=83
END
  mv "$stage/boot" "$work/boot"
  mkdir "$stage/boot"
  ext_filesystem ext2 "$work/boot" "$BOOT_UUID" "$boot_start" "$boot_sectors"
  ext_filesystem ext4 "$stage" "$ROOT_UUID" "$root_start" "$root_sectors"
  grub_bios 1
}
