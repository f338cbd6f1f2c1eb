#!/bin/bash
# Makes sure that Debian packages are installed: .ci/deps.sh PACKAGE...
#
# With nothing missing it is silent and needs no rights. Otherwise root gets
# them by apt, without starting any service, and anybody else is told the command.
set -euo pipefail

policy=/usr/sbin/policy-rc.d
saved=$policy.before-postern
mark='# put here by postern'

missing() {
    local package state
    for package in "$@"; do
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || state=none
        [ "$state" = installed ] || echo "$package"
    done
}

# Debian starts the services of a package while installing it, unless
# policy-rc.d says no. One that stood there before comes back afterwards, also
# after a run that was killed.
forbid_services() {
    trap allow_services EXIT
    if [ -e "$policy" ] && ! grep -q "$mark" "$policy"; then
        mv -f "$policy" "$saved"
    fi
    printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy"
    chmod 755 "$policy"
}

allow_services() {
    rm -f "$policy"
    if [ -e "$saved" ]; then mv -f "$saved" "$policy"; fi
}

# What was installed for a test shall not start at the next boot either.
disable_services() {
    command -v systemctl >/dev/null || return 0
    local package
    for package in "$@"; do
        case $package in
        postfix | prometheus | unbound | haproxy | stunnel4) systemctl --quiet disable "$package.service" || true ;;
        clamav) systemctl --quiet disable clamav-freshclam.service || true ;;
        esac
    done
}

# apt waits for the lock of dpkg, but not for those of its own directories.
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

install() {
    export DEBIAN_FRONTEND=noninteractive
    forbid_services
    echo "deps: installing $*"
    apt update
    if [[ " $* " == *" postfix "* ]]; then
        echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
    fi
    apt install --no-install-recommends "$@"
    disable_services "$@"
}

if [ $# -eq 0 ]; then exit 0; fi

if ! command -v dpkg-query >/dev/null; then
    echo "deps: this is no Debian: install what these packages hold, then run make with PACKAGES= : $*" >&2
    exit 1
fi

wanted=$(missing "$@")
if [ -z "$wanted" ]; then exit 0; fi

if [ "$(id -u)" -ne 0 ]; then
    echo "deps: not installed: ${wanted//$'\n'/ }" >&2
    echo "deps: run as root: $0 ${wanted//$'\n'/ }" >&2
    exit 1
fi

# Two runs may come at once: the second one waits, and finds nothing missing.
exec 9>/run/lock/postern-deps.lock
flock 9
wanted=$(missing "$@")
if [ -z "$wanted" ]; then exit 0; fi
# shellcheck disable=SC2086 # one word for each package
install $wanted
