# What some guests have otherwise than Debian has it; sourced by make-guest.sh.

# No driver for the network card that OCI gives, as where someone pruned the modules.
without-virtio-net() {
  local kernel
  kernel=$(ls "$stage/lib/modules")
  rm "$stage/lib/modules/$kernel/kernel/drivers/net/virtio_net.ko"
  in_stage depmod "$kernel"
}

# The kernel of make-kernel.sh instead of Debian's.
builtin-kernel() {
  rm -rf "$stage"/boot/{vmlinuz,initrd.img,config,System.map}-* "$stage"/lib/modules/* "$stage"/{vmlinuz,initrd.img}
  cp -a "$(dirname "$tree")"/kernel-builtin/boot/. "$stage/boot/"
  cp -a "$(dirname "$tree")"/kernel-builtin/lib/modules/. "$stage/lib/modules/"
}

# At its next start the guest makes the two initramfs that fit the machine it then runs on, and powers off.
host-only-workshop() {
  put /usr/local/sbin/byoi-report << 'END'
#!/bin/sh
set -e
# Minutes of work in software emulation, and a silent console is taken for a dead one.
while sleep 10; do echo 'byoi-workshop: at work' > /dev/console; done &
kernel=$(uname -r)
mkdir -p /var/workshop
sed -i 's/^MODULES=.*/MODULES=dep/' /etc/initramfs-tools/initramfs.conf
mkinitramfs -o /var/workshop/initramfs-tools "$kernel"
dracut --quiet --hostonly --force /var/workshop/dracut "$kernel"
sync
echo 'byoi-workshop: done' > /dev/console
systemctl poweroff --force --force
END
  chmod 755 "$stage/usr/local/sbin/byoi-report"
}
