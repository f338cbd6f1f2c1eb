dnl # postern beside Sendmail, routes to gateways: /etc/mail/postern/gateway.m4,
dnl # named in sendmail.mc before its MAILER lines, after enforce.m4. Goes with the
dnl # lines of mailertable and access.
dnl #
dnl # postern gives a recipient whose mail must go to a gateway a mark in its domain,
dnl #
dnl #     pat@partner.example  ->  pat@partner.example.secure.postern.invalid
dnl #
dnl # mailertable sends a mark to the mailer below, which takes it off before the
dnl # gateway sees it. The top-level domain .invalid exists nowhere (RFC 2606).
FEATURE(`mailertable')dnl
LOCAL_CONFIG
# asks no name server for marks
CPinvalid
MAILER_DEFINITIONS
Mposterngw,	P=[IPC], F=mDFMuXa, S=EnvFromSMTP/HdrFromSMTP, R=PosternUnmark/HdrFromSMTP, E=\r\n, L=990,
		T=DNS/RFC822/SMTP,
		A=TCP $h
LOCAL_RULESETS
SPosternUnmark
R$* < @ $+ . $- . postern . invalid . > $*	$1 < @ $2 . > $4
R$* < @ $+ . $- . postern . invalid > $*	$1 < @ $2 . > $4
R$*		$@ $>EnvToSMTP $1
divert(0)dnl
