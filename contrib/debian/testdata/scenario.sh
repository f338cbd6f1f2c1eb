#!/bin/bash
# The life of the package on one machine, told in lines "ok NAME" and "not ok
# NAME". In /run/test: the package, README.md's lines for Postfix, and mails.
set -u
cd /run/test

is() { # NAME COMMAND...: the command succeeds
	local name=$1 said
	shift
	if said=$("$@" 2>&1); then echo "ok $name"; else
		echo "not ok $name: $*: $said"
	fi
}
not() { ! "$@"; }
has() { grep -q -- "$1" "$2"; }
until_() { # COMMAND...: it succeeds within ten seconds
	for _ in {1..100}; do
		if "$@" >/dev/null 2>&1; then return 0; fi
		sleep 0.1
	done
	"$@"
}
says() { # PATTERN COMMAND...
	local pattern=$1
	shift
	"$@" 2>&1 | grep -q -- "$pattern"
}
mta() { find /etc/postfix /etc/aliases /etc/mail -type f -exec md5sum {} + 2>/dev/null | sort; }
submit() { # FILE: prints the reply to the end of the mail
	exec 3<>/dev/tcp/127.0.0.1/25
	local line
	reply() { while read -r -t 20 line <&3 && [[ $line = ???-* ]]; do :; done; }
	reply
	for command in "EHLO test.example" "MAIL FROM:<ann@example.org>" "RCPT TO:<bob@example.net>" DATA; do
		printf '%s\r\n' "$command" >&3
		reply
	done
	sed 's/$/\r/' "$1" >&3
	printf '.\r\n' >&3
	read -r -t 20 line <&3
	echo "$line"
	exec 3>&-
}

# A private Postfix whose outgoing mail goes nowhere.
cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf
cat >/etc/postfix/main.cf <<END
compatibility_level = 3.6
myhostname = mail.example.org
inet_interfaces = loopback-only
mynetworks = 127.0.0.0/8
mydestination =
default_transport = discard
maillog_file = /var/log/postern-test.maillog
END
before=$(mta)

is "the package installs" apt-get -q -y install ./postern.deb
[ "$before" = "$(mta)" ]
is "the MTA is as it was" test $? = 0
is "the daemon runs as soon as it is installed" systemctl is-active postern.service
is "and will at every boot" systemctl is-enabled postern.service
is "the socket waits to be wanted" not systemctl is-enabled postern.socket
is "it is ready" postern ready
pid=$(systemctl show -P MainPID postern.service)
is "it is nobody else" test "$(stat -c %U "/proc/$pid/environ") $(ps -o user= -p "$pid")" = "root postern"
is "it has no capabilities" has 'CapEff:	0000000000000000' "/proc/$pid/status"
is "it is filtered" has 'Seccomp:	2' "/proc/$pid/status"
is "it has locked itself in" says 'msg=sandbox landlock=' journalctl -u postern.service --no-pager
is "it complains of nothing" not says 'level=\(WARN\|ERROR\)' journalctl -u postern.service --no-pager
is "systemd finds little exposed" systemd-analyze security --no-pager --threshold=15 postern.service
is "the configuration is for the daemon and root" test "$(stat -c '%a %U:%G' /etc/postern/postern.toml /etc/postern/policy.toml | sort -u)" = "640 root:postern"
is "the audit log is for the daemon" test "$(stat -c '%a %U:%G' /var/log/postern)" = "750 postern:postern"
is "the manuals are there" ls /usr/share/man/man8/postern.8.gz /usr/share/man/man5/postern.toml.5.gz /usr/share/man/man5/postern-policy.5.gz
is "bash completes" bash -c 'source /usr/share/bash-completion/completions/postern && complete -p postern'
is "the version is the package's" test "$(postern version | sed -n '1s/postern //p;1q')" = "$(dpkg-query -W -f '${Version}' postern)"
is "lint takes the policy" postern lint --policy /etc/postern/policy.toml

# As the README wires it.
sed '/^#/,$d' wiring >>/etc/postfix/main.cf
sed -i '/^smtp  *inet/r /dev/stdin' /etc/postfix/master.cf < <(sed '1,/^#/d' wiring)
is "Postfix takes the wiring" postfix check
postfix start >/dev/null 2>&1
until_ says 220 timeout 5 bash -c 'head -1 </dev/tcp/127.0.0.1/25'
audit=/var/log/postern/audit.json
is "a mail with a card passes in observe mode" says '^250' submit card.eml
is "and its record says what would have been" until_ has '"action":"reject"' $audit
is "the record is for the daemon" test "$(stat -c '%a %U:%G' $audit)" = "600 postern:postern"
is "doctor looks at the wiring" says 'finding' postern doctor
is "no card is in it" not has '4111' $audit
sendmail -f ann@example.org bob@example.net <card.eml
is "mail of local programs is read" until_ test "$(grep -c '"action":"reject"' $audit)" -ge 1

sed -i 's/^mode = "observe"/mode = "enforce"/' /etc/postern/postern.toml
systemctl restart postern.service
is "in enforce mode the card is refused" says '^550.5.7.1' submit card.eml
is "other mail is not" says '^250' submit plain.eml
sed -i 's/"pci", //' /etc/postern/policy.toml
systemctl reload postern.service
is "a reload takes up the policy" until_ says '^250' submit card.eml

is "logrotate turns the audit log" logrotate -f /etc/logrotate.d/postern
is "it has turned" test -s $audit.1
is "what comes next is in a new one" until_ eval 'submit plain.eml; test -s $audit'
is "nothing more is in the old" test "$(tail -1 $audit.1)" != "$(tail -1 $audit)"

pid=$(systemctl show -P MainPID postern.service)
is "the package upgrades" dpkg -i --force-confold postern.deb
is "the new daemon runs" until_ postern ready
is "it is another process" test "$pid" != "$(systemctl show -P MainPID postern.service)"
is "what the admin wrote is kept" has '^mode = "enforce"' /etc/postern/postern.toml

# A key that root keeps, and systemd hands over.
mkdir -p /etc/systemd/system/postern.service.d /etc/postern/keys
(umask 077 && head -c 32 /dev/urandom >/etc/postern/keys/fingerprint)
printf '[Service]\nLoadCredential=fingerprint:/etc/postern/keys/fingerprint\n' >/etc/systemd/system/postern.service.d/key.conf
printf '\n[keys]\nfingerprint_file = "/run/credentials/postern.service/fingerprint"\n' >>/etc/postern/postern.toml
systemctl daemon-reload
systemctl restart postern.service
is "a key comes as a credential" postern ready
submit card.eml >/dev/null
is "fingerprints are made with it" until_ has '"fingerprints":\[{' $audit
is "a reload reads it again, from within the sandbox" systemctl reload postern.service
is "nothing was amiss" not says 'level=\(WARN\|ERROR\)' journalctl -u postern.service --no-pager --since -1m
rm -r /etc/systemd/system/postern.service.d /etc/postern/keys
sed -i '/^\[keys\]/,$d' /etc/postern/postern.toml
systemctl daemon-reload

# The daemon asks Postfix for its tables, from within all that confines it.
drift() { # PROBLEM COUNT: that is what the metrics say
	exec 3<>/dev/tcp/127.0.0.1/9892
	printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3
	grep -q "^postern_registry_drift{problem=\"$1\"} $2" <&3
}
printf '\n[mta]\npostfix_config = "/etc/postfix"\nevery = "1s"\n' >>/etc/postern/postern.toml
printf '\n[partners."partner.example"]\nmethod = "tls"\n' >>/etc/postern/policy.toml
systemctl restart postern.service
is "a table that lacks a partner is seen" until_ drift missing 2
postconf 'smtp_tls_policy_maps = inline:{ partner.example=encrypt, .partner.example=encrypt }'
is "and one that has it" until_ drift missing 0
is "doctor and the daemon agree" not says 'registry' postern doctor --json
sed -i '/^\[mta\]/,$d' /etc/postern/postern.toml
sed -i '/^\[partners/,$d' /etc/postern/policy.toml
systemctl restart postern.service

sed -i 's/^listen = "inet:127.0.0.1:8892"/listen = "fd:milter"/' /etc/postern/postern.toml
systemctl stop postern.service
is "the socket of systemd can be had instead" systemctl enable --now postern.socket
is "it is there for Postfix" test "$(stat -c '%a %U:%G' /var/spool/postfix/postern/milter.sock)" = "660 postern:postfix"
postconf 'postern_milter = { unix:postern/milter.sock, default_action=tempfail }'
postfix reload >/dev/null 2>&1
sed -i 's/"uk-pii"/"pci", "uk-pii"/' /etc/postern/policy.toml
is "a mail wakes the daemon" until_ says '^550.5.7.1' submit card.eml
for _ in {1..25}; do
	submit plain.eml
	sleep 0.1
done >replies &
is "the package upgrades while mail flows" dpkg -i --force-confold postern.deb
wait $!
is "and none is deferred meanwhile" test "$(grep -c '^250' replies)" = 25
postconf 'postern_milter = { inet:127.0.0.1:8892, default_action=accept }'
postfix reload >/dev/null 2>&1

before=$(mta)
is "the package is removed" apt-get -q -y remove postern
[ "$before" = "$(mta)" ]
is "the MTA is as it was, again" test $? = 0
is "nothing runs" not pgrep -x postern
is "the configuration stays" test -f /etc/postern/policy.toml
is "the audit log stays" test -f /var/log/postern/audit.json
is "mail goes on" says '^250' submit plain.eml
is "the package is purged" apt-get -q -y purge postern
is "no unit is left" not says postern systemctl list-unit-files --no-pager --no-legend
is "no account is left" not getent passwd postern
is "nor group" not getent group postern
postfix stop >/dev/null 2>&1
echo done
