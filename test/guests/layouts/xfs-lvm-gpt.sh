# XFS on LVM on a GPT with an EFI system partition and a BIOS boot partition: it starts with either firmware.
WITH_BIOS_BOOT=yes

layout() {
  local esp_start=4096 esp_sectors=$((256 * 2048))
  local boot_start=$((esp_start + esp_sectors)) boot_sectors=$((512 * 2048))
  local volume_start=$((boot_start + boot_sectors))
  ROOT_DEVICE=/dev/mapper/guest-root ROOT_FS=xfs PARTITION_TABLE=gpt BOOT_DEVICE=/dev/sda3 BOOT_FS=xfs
  put /etc/fstab << END
/dev/mapper/guest-root / xfs defaults 0 0
UUID=$BOOT_UUID /boot xfs defaults 0 0
UUID=${ESP_ID:0:4}-${ESP_ID:4} /boot/efi vfat umask=0077 0 1
END
  make_initramfs

  sgdisk "$disk" --clear --disk-guid="$ROOT_UUID" \
    --new=2:$esp_start:$((esp_start + esp_sectors - 1)) --typecode=2:ef00 \
    --new=3:$boot_start:$((boot_start + boot_sectors - 1)) --typecode=3:8300 \
    --new=4:$volume_start:0 --typecode=4:8e00 > "$work/sgdisk.log"
  grub_menu x86_64-efi
  grub_image x86_64-efi "$BOOT_UUID" /grub part_gpt xfs linux
  efi_grub BOOTX64.EFI grubx64.efi
  efi_filesystem "$work/esp" $esp_start $esp_sectors
  if [[ $WITH_BIOS_BOOT ]]; then
    sgdisk "$disk" --set-alignment=1 --new=1:2048:4095 --typecode=1:ef02 >> "$work/sgdisk.log"
    mkdir -p "$stage/boot/grub/i386-pc"
    cp "$stage/usr/lib/grub/i386-pc"/*.{mod,lst} "$stage/boot/grub/i386-pc/"
    grub_image i386-pc "$BOOT_UUID" /grub biosdisk part_gpt xfs
    grub_bios 2048
  fi

  appliance "$stage" << END
run
pvcreate /dev/sda4
vgcreate guest /dev/sda4
lvcreate-free root guest 100
mkfs xfs /dev/guest/root
mkfs xfs /dev/sda3
xfs-admin /dev/guest/root uuid:$ROOT_UUID
xfs-admin /dev/sda3 uuid:$BOOT_UUID
mount /dev/guest/root /
mkdir /boot
mount /dev/sda3 /boot
tar-in TREE / xattrs:true
umount-all
END
}
