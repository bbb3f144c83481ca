# btrfs with the subvolumes @ and @home, compressed, on a GPT with a BIOS boot partition.
layout() {
  local start=4096
  ROOT_DEVICE=/dev/sda2 ROOT_FS=btrfs PARTITION_TABLE=gpt SUBVOLUME=@
  put /etc/fstab << END
UUID=$ROOT_UUID / btrfs defaults,subvol=@,compress=zstd 0 0
UUID=$ROOT_UUID /home btrfs defaults,subvol=@home,compress=zstd 0 0
END
  make_initramfs
  grub_menu i386-pc
  grub_image i386-pc "$ROOT_UUID" /@/boot/grub biosdisk part_gpt btrfs zstd

  sgdisk "$disk" --clear --disk-guid="$ROOT_UUID" --set-alignment=1 \
    --new=1:2048:4095 --typecode=1:ef02 \
    --new=2:$start:0 --typecode=2:8300 > "$work/sgdisk.log"
  grub_bios 2048
  appliance "$stage" << END
run
mkfs btrfs /dev/sda2
set-uuid /dev/sda2 $ROOT_UUID
mount-options compress=zstd /dev/sda2 /
btrfs-subvolume-create /@
btrfs-subvolume-create /@home
umount /
mount-options subvol=@,compress=zstd /dev/sda2 /
mkdir /home
mount-options subvol=@home,compress=zstd /dev/sda2 /home
tar-in TREE / xattrs:true
umount-all
END
}
