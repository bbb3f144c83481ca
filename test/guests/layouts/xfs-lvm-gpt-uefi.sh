# The same without the BIOS boot partition: it starts with UEFI only.
. "$here/layouts/xfs-lvm-gpt.sh"
WITH_BIOS_BOOT=
