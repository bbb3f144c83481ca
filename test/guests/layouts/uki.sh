# systemd-boot and one unified kernel image on the EFI system partition, no other loader and no menu on the root.
. "$here/layouts/ext4-uefi.sh"

# The addresses are those of systemd's manual page for its stub: far enough apart for what lies between.
fill_esp() {
  local kernel boot="$stage/usr/lib/systemd/boot/efi"
  kernel=$(ls "$stage/lib/modules")
  mkdir -p "$work/esp/EFI/BOOT" "$work/esp/EFI/systemd" "$work/esp/EFI/Linux" "$work/esp/loader" "$stage/boot/efi"
  cp "$boot/systemd-bootx64.efi" "$work/esp/EFI/systemd/"
  cp "$boot/systemd-bootx64.efi" "$work/esp/EFI/BOOT/BOOTX64.EFI"
  echo 'timeout 1' > "$work/esp/loader/loader.conf"
  echo "root=UUID=$ROOT_UUID ro net.ifnames=0 console=tty0 console=ttyS0,115200" > "$stage/tmp/cmdline"
  in_stage objcopy \
    --add-section .osrel=/usr/lib/os-release --change-section-vma .osrel=0x20000 \
    --add-section .cmdline=/tmp/cmdline --change-section-vma .cmdline=0x30000 \
    --add-section ".linux=/boot/vmlinuz-$kernel" --change-section-vma .linux=0x2000000 \
    --add-section ".initrd=/boot/initrd.img-$kernel" --change-section-vma .initrd=0x3000000 \
    /usr/lib/systemd/boot/efi/linuxx64.efi.stub /tmp/uki.efi
  mv "$stage/tmp/uki.efi" "$work/esp/EFI/Linux/debian-$kernel.efi"
  rm "$stage/tmp/cmdline"
  # Whoever boots from an image of this kind keeps neither kernel nor initramfs anywhere else.
  rm -f "$stage/boot/vmlinuz-$kernel" "$stage/boot/initrd.img-$kernel" "$stage/vmlinuz" "$stage/initrd.img"
}
