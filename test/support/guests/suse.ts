import { type Files, initramfs, kernelModules, modulesIn, VIRTIO_SCSI, x86Kernel } from './boot-files.ts';

const menu = (release: string, options: string) => `### BEGIN /etc/grub.d/00_header ###
set btrfs_relative_path="yes"
export btrfs_relative_path
if [ -f \${config_directory}/grubenv ]; then
  load_env -f \${config_directory}/grubenv
elif [ -s $prefix/grubenv ]; then
  load_env
fi
if [ "\${next_entry}" ] ; then
   set default="\${next_entry}"
else
   set default="\${saved_entry}"
fi
### END /etc/grub.d/00_header ###
### BEGIN /etc/grub.d/10_linux ###
menuentry 'SLES'  --class sles --class gnu-linux --class gnu --class os $menuentry_id_option 'gnulinux-simple-d4c1' {
	load_video
	set gfxpayload=keep
	insmod gzio
	insmod part_gpt
	insmod btrfs
	set root='hd0,gpt3'
	echo	'Loading Linux ${release} ...'
	linux	/boot/vmlinuz-${release} ${options}
	echo	'Loading initial ramdisk ...'
	initrd	/boot/initrd-${release}
}
submenu 'Advanced options for SLES' --hotkey=1 $menuentry_id_option 'gnulinux-advanced-d4c1' {
	menuentry 'SLES, with Linux ${release}' --hotkey=2 --class sles $menuentry_id_option 'gnulinux-${release}-advanced-d4c1' {
		linux	/boot/vmlinuz-${release} ${options} single
		initrd	/boot/initrd-${release}
	}
}
### END /etc/grub.d/10_linux ###
if [ -n "$extra_cmdline" ]; then
  submenu "Bootable snapshot #$snapshot_num" {
    menuentry "If OK, run 'snapper rollback' and reboot." { true; }
  }
fi
`;

/** SLES 12: its kernel's modules in /lib/modules, mkinitrd beside dracut. */
const SLES12 = '4.12.14-122.37-default';
export const SLES_12: Files = {
  'boot/grub2/grub.cfg': menu(
    SLES12,
    'root=UUID=7f4b9d5c-5d0c-4d5f-9a15-3e3d0ad0c111 resume=/dev/sda1 splash=silent quiet showopts',
  ),
  'boot/grub2/grubenv': `# GRUB Environment Block\nsaved_entry=SLES\n${'#'.repeat(980)}`,
  [`boot/vmlinuz-${SLES12}`]: x86Kernel(SLES12),
  [`boot/initrd-${SLES12}`]: initramfs(modulesIn(SLES12, VIRTIO_SCSI, '.ko', 'lib/modules')),
  'usr/bin/dracut': '',
  'sbin/mkinitrd': '',
  'usr/sbin/grub2-mkconfig': '',
  ...kernelModules(SLES12, { folder: 'lib/modules' }),
};

/** openSUSE and SLES 15 on btrfs: /boot's kernel is a link into /usr/lib/modules. */
const SLES15 = '6.4.0-150600.21-default';
export const SLES_15: Files = {
  'boot/grub2/grub.cfg': menu(
    SLES15,
    'root=UUID=b1f0f7a7-3e1e-4f65-8a0f-8a2f7d2b9c01 security=apparmor console=ttyS0,115200n mitigations=auto',
  ),
  'boot/grub2/grubenv': `# GRUB Environment Block\nsaved_entry=gnulinux-advanced-d4c1>gnulinux-${SLES15}-advanced-d4c1\n${'#'.repeat(900)}`,
  [`boot/vmlinuz-${SLES15}`]: { symlink: `../usr/lib/modules/${SLES15}/vmlinuz` },
  [`usr/lib/modules/${SLES15}/vmlinuz`]: x86Kernel(SLES15),
  [`boot/initrd-${SLES15}`]: initramfs(modulesIn(SLES15, VIRTIO_SCSI, '.ko.zst')),
  'usr/bin/dracut': '',
  'usr/sbin/grub2-mkconfig': '',
  lib: { symlink: 'usr/lib' },
  ...kernelModules(SLES15, { ending: '.ko.zst' }),
};
