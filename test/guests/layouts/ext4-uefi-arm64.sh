# The same for an Arm machine.
. "$here/layouts/ext4-uefi.sh"
LOADER=grubaa64.efi FALLBACK=BOOTAA64.EFI PLATFORM=arm64-efi
