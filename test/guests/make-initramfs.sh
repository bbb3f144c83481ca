# The ways a guest's initramfs is made; sourced by make-guest.sh. `installed` is the one that the kernel's package made
# when the tree was: MODULES=most, zstd.

# Modules of the disk controllers that IDE and SATA are, and of virtio's block device, but not of its SCSI one.
VIRTIO_BLK_ONLY='virtio_pci virtio_blk ata_piix ata_generic ahci sd_mod ext4'
# What a list made on a machine with IDE has.
ATA_ONLY='ata_piix ata_generic ahci sd_mod ext4'

# In the guest's tree, where Debian's tools look at its /etc/fstab and its packages.
make_initramfs() {
  local kernel
  kernel=$(ls "$stage/lib/modules")
  [[ $initramfs != installed ]] || return 0
  rm -f "$stage/boot/initrd.img-$kernel"
  case $initramfs in
    none) rm -f "$stage/initrd.img" ;;
    most-*) initramfs_tools "$kernel" most "${initramfs#most-}" ;;
    list-virtio-blk) initramfs_tools "$kernel" list zstd "$VIRTIO_BLK_ONLY" ;;
    list-ata) initramfs_tools "$kernel" list zstd "$ATA_ONLY" ;;
    dracut-generic) in_stage dracut --quiet --no-hostonly --force "/boot/initrd.img-$kernel" "$kernel" ;;
    *) cp "$initramfs" "$stage/boot/initrd.img-$kernel" ;;
  esac
}

#   initramfs_tools KERNEL MODULES COMPRESS [LIST]
initramfs_tools() {
  local kernel=$1 modules=$2 compress=$3 list=${4:-}
  printf '%s\n' "MODULES=$modules" BUSYBOX=auto KEYMAP=n "COMPRESS=$compress" DEVICE= NFSROOT=auto RUNSIZE=10% FSTYPE=auto |
    put /etc/initramfs-tools/initramfs.conf
  tr ' ' '\n' <<< "$list" | put /etc/initramfs-tools/modules
  in_stage mkinitramfs -o "/boot/initrd.img-$kernel" "$kernel"
}
