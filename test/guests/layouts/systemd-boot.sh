# systemd-boot with an entry of the Boot Loader Specification: kernel and initramfs on the EFI system partition.
. "$here/layouts/ext4-uefi.sh"

fill_esp() {
  local kernel id=5d1d9a1e6f0d4c399a4f0e7c5a4b1c03 boot="$stage/usr/lib/systemd/boot/efi"
  kernel=$(ls "$stage/lib/modules")
  mkdir -p "$work/esp/EFI/BOOT" "$work/esp/EFI/systemd" "$work/esp/loader/entries" "$work/esp/$id/$kernel" \
    "$stage/boot/efi"
  cp "$boot/systemd-bootx64.efi" "$work/esp/EFI/systemd/"
  cp "$boot/systemd-bootx64.efi" "$work/esp/EFI/BOOT/BOOTX64.EFI"
  cp "$stage/boot/vmlinuz-$kernel" "$work/esp/$id/$kernel/linux"
  cp "$stage/boot/initrd.img-$kernel" "$work/esp/$id/$kernel/initrd.img-$kernel"
  printf 'timeout 1\ndefault %s-*\n' "$id" > "$work/esp/loader/loader.conf"
  # As kernel-install writes it.
  cat > "$work/esp/loader/entries/$id-$kernel.conf" << END
# Boot Loader Specification type#1 entry
title      Debian GNU/Linux 12 (bookworm)
version    $kernel
machine-id $id
sort-key   debian
options    root=UUID=$ROOT_UUID ro net.ifnames=0 console=tty0 console=ttyS0,115200
linux      /$id/$kernel/linux
initrd     /$id/$kernel/initrd.img-$kernel
END
  rm -f "$stage/boot/vmlinuz-$kernel" "$stage/boot/initrd.img-$kernel" "$stage/vmlinuz" "$stage/initrd.img"
}
