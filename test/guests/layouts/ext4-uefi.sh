# ext4 and an EFI system partition on a GPT: it starts with UEFI only. The guest's architecture says which GRUB.
# FALLBACK names what a machine without variables of its own starts from; empty, only the guest's own variables
# would find the loader, and they are not on the disk.
LOADER=grubx64.efi FALLBACK=BOOTX64.EFI PLATFORM=x86_64-efi

layout() {
  local esp_start=2048 esp_sectors=$((256 * 2048))
  local root_start=$((esp_start + esp_sectors))
  local root_sectors=$((disk_sectors - root_start - 2048))
  ROOT_DEVICE=/dev/sda2 PARTITION_TABLE=gpt
  put /etc/fstab << END
UUID=$ROOT_UUID / ext4 errors=remount-ro 0 1
UUID=${ESP_ID:0:4}-${ESP_ID:4} /boot/efi vfat umask=0077 0 1
END
  make_initramfs
  fill_esp

  sgdisk "$disk" --clear --disk-guid="$ROOT_UUID" \
    --new=1:$esp_start:$((esp_start + esp_sectors - 1)) --typecode=1:ef00 \
    --new=2:$root_start:$((root_start + root_sectors - 1)) --typecode=2:8300 > "$work/sgdisk.log"
  efi_filesystem "$work/esp" "$esp_start" "$esp_sectors"
  ext_filesystem ext4 "$stage" "$ROOT_UUID" "$root_start" "$root_sectors"
}

fill_esp() {
  grub_menu "$PLATFORM"
  grub_image "$PLATFORM" "$ROOT_UUID" /boot/grub part_gpt ext2 linux
  efi_grub "$FALLBACK" "$LOADER"
}
