#!/bin/bash
# Makes a root directory with a stock Sendmail of Debian in it: .ci/sendmail.sh
#
# Sendmail's package conflicts with Postfix's, so it is downloaded and unpacked
# beside it: into a directory that tests copy and chroot to. Debian's own scripts
# configure it, as at installation. With the directory there, made by this very
# script, it is silent and needs no rights. Nothing of the system is changed.
set -euo pipefail

image=/var/cache/postern-tests/sendmail
packages=(sendmail-bin sendmail-base sendmail-cf m4)

stamp=$(sha256sum "$0" | cut -d ' ' -f 1)
there() { [ "$(cat "$image/.made-by" 2>/dev/null)" = "$stamp" ]; }

if there; then exit 0; fi
if [ "$(id -u)" -ne 0 ]; then
    echo "sendmail: $image is missing or old; run as root: $0" >&2
    exit 1
fi

# Two runs may come at once: the second one waits, and finds it made.
exec 9>/run/lock/postern-sendmail.lock
flock 9
if there; then exit 0; fi

new=$image.new debs=$image.debs
rm -rf "$new" "$debs"
mkdir -p "$new" "$debs/partial"
echo "sendmail: making $image"

# Only what it says to be missing is downloaded, libraries included; nothing is
# installed, and Postfix, which it would remove, stays.
apt() {
    local said
    for _ in {1..60}; do
        if said=$(apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" </dev/null 2>&1); then return; fi
        if [[ $said != *"Could not get lock"* ]]; then break; fi
        sleep 5
    done
    echo "$said" >&2
    return 1
}
fetch() { apt -o Dir::Cache::archives="$debs" --download-only --reinstall --no-install-recommends install "${packages[@]}"; }
fetch 2>/dev/null || { apt update && fetch; }

# As Debian merges them.
mkdir -p "$new"/usr/{bin,sbin,lib,lib64}
for dir in bin sbin lib lib64; do ln -s "usr/$dir" "$new/$dir"; done
for deb in "$debs"/*.deb; do dpkg-deb -x "$deb" "$new"; done

# A file of the system, under its own name, whatever it links to.
copy() {
    [ -e "$new$1" ] || install -D -m "$(stat -L -c %a "$1")" "$1" "$new$1"
}
libraries() { LD_LIBRARY_PATH="$new/usr/lib/$(uname -m)-linux-gnu" ldd "$1" 2>/dev/null | grep -o '/[^ )]*' || true; }

for name in sh bash cat cp mv rm ln ls mkdir rmdir chmod chown chgrp touch sed grep egrep head tail tr cut sort uniq date \
    hostname id make perl awk basename dirname expr test env stat find xargs cmp diff install getent mktemp tee wc printf; do
    copy "$(PATH=/usr/bin:/usr/sbin:/bin:/sbin type -P "$name")"
done
perl -MEnv -MCwd -Minteger -MSys::Hostname -MGetopt::Long -MFileHandle -Mlib -MTie::Array -e \
    'print "$_\n" for values %INC, @DynaLoader::dl_shared_objects' | while read -r file; do copy "$file"; done
for file in "$new"/usr/bin/* "$new"/usr/sbin/* "$new"/usr/libexec/sendmail/*; do
    for library in $(libraries "$file"); do
        case $library in
        "$new"/*) ;;
        *) copy "$library" ;;
        esac
    done
done

mkdir -p "$new"/{dev,proc,tmp,root,run/lock,etc/cron.d,etc/mail/tls,var/lib/sendmail,var/mail,var/log,usr/share/perl5}
ln -sfn ../run "$new/var/run"
chmod 1777 "$new/tmp"
cat >"$new/etc/passwd" <<END
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1::/:/bin/sh
mail:x:8:8::/var/mail:/bin/sh
smmta:x:991:991::/var/lib/sendmail:/bin/sh
smmsp:x:992:992::/var/lib/sendmail:/bin/sh
nobody:x:65534:65534::/:/bin/sh
END
printf '%s\n' root:x:0: daemon:x:1: mail:x:8: smmta:x:991: smmsp:x:992: nogroup:x:65534: >"$new/etc/group"
# Without a full name for its host Sendmail sleeps for a minute at every start.
echo "127.0.0.1 mail.stock.example $(uname -n) localhost" >"$new/etc/hosts"
echo 'hosts: files dns' >"$new/etc/nsswitch.conf"
for name in services protocols; do if [ -e "/etc/$name" ]; then copy "/etc/$name"; fi; done
# A container may forbid devices; scripts do with a file.
mknod -m 666 "$new/dev/null" c 1 3 2>/dev/null || install -m 666 /dev/null "$new/dev/null"

# What the packages do when they are installed.
for name in sbin/sendmail sbin/sendmail-mta sbin/sendmail-msp lib/sendmail; do
    ln -sfn /usr/libexec/sendmail/sendmail "$new/usr/$name"
done
for name in bin/mailq bin/newaliases sbin/runq; do ln -sfn "/usr/libexec/sendmail/$(basename "$name")" "$new/usr/$name"; done
ln -sfn mailq "$new/usr/libexec/sendmail/runq"
chown root:992 "$new/usr/libexec/sendmail/sendmail"
chmod 2755 "$new/usr/libexec/sendmail/sendmail"
chown root:992 "$new"/etc/mail/{sasl,tls}
chroot "$new" /usr/bin/env -i PATH=/usr/sbin:/usr/bin LC_ALL=C /bin/sh /usr/share/sendmail/update_sendmail >"$debs/log" 2>&1 || true
if [ ! -s "$new/etc/mail/sendmail.cf" ] || [ ! -s "$new/etc/mail/access.db" ]; then
    cat "$debs/log" >&2
    exit 1
fi

echo "$stamp" >"$new/.made-by"
rm -rf "$image" "$debs"
mv "$new" "$image"
