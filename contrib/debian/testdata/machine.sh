#!/bin/bash
# A machine for one test: systemd as the first process of new namespaces, on a
# copy of this machine's files. What is written goes to DIR/changes, this machine
# stays as it is. machine.sh DIR runs DIR/scenario and powers off.
set -eu
dir=$1
root=$dir/root
mount --make-rprivate /
mkdir -p "$dir/changes" "$dir/work" "$root"
mount -t overlay machine -o "lowerdir=/,upperdir=$dir/changes,workdir=$dir/work" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm" "$root/run/test"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
for device in null zero full random urandom tty; do
	touch "$root/dev/$device"
	mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"
mount --bind "$dir" "$root/run/test"
# Services start when they are installed, as they do on any machine.
rm -f "$root/usr/sbin/policy-rc.d"

mkdir -p "$root/run/systemd/system"
cat >"$root/run/systemd/system/scenario.service" <<UNIT
[Unit]
After=basic.target
[Service]
Type=oneshot
Environment=PATH=/usr/sbin:/usr/bin:/sbin:/bin
ExecStart=/bin/bash /run/test/scenario
TimeoutStartSec=600
StandardOutput=file:/run/test/report
StandardError=file:/run/test/report
ExecStopPost=/bin/systemctl --force exit 0
UNIT
cat >"$root/run/systemd/system/scenario.target" <<UNIT
[Unit]
Requires=basic.target scenario.service
UNIT
# A root of its own, and mounts that are seen by all: by these systemd hands
# credentials over.
mkdir -p "$root/run/before"
cd "$root"
pivot_root . run/before
umount -l /run/before
mount --make-rshared /
exec chroot . /usr/bin/env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	/lib/systemd/systemd --unit=scenario.target --show-status=0 --log-target=console
