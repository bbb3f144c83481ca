# The same, with GRUB where grub-install puts it and nothing at the fallback path.
. "$here/layouts/ext4-uefi.sh"
FALLBACK=
