# One ext4 in an MBR's first partition, GRUB in the gap before it: what Debian's installer makes of a small disk.
layout() {
  local start=2048 sectors=$((disk_sectors - 2048))
  PARTUUID=$DISK_ID-01
  echo "UUID=$ROOT_UUID / ext4 errors=remount-ro 0 1" | put /etc/fstab
  make_initramfs
  grub_menu i386-pc
  grub_image i386-pc "$ROOT_UUID" /boot/grub biosdisk part_msdos ext2

  sfdisk -q "$disk" << END
label: dos
label-id: 0x$DISK_ID
start=$start, type=83, bootable
END
  ext_filesystem ext4 "$stage" "$ROOT_UUID" "$start" "$sectors"
  grub_bios 1
}
