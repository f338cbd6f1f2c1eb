dnl # postern beside Sendmail, partners with "tls-verified": /etc/mail/postern/
dnl # partners.m4, named in sendmail.mc before its MAILER lines.
dnl #
dnl # The access map forces TLS for a domain (TLS_Rcpt:domain ENCR:128) and asks for
dnl # a certificate of an authority that you trust (VERIFY:128), whoever it is for:
dnl # anybody can get one of those. For domains with a second line, PosternName:domain,
dnl # the rules below want the certificate to be for the domain itself, or for the
dnl # host that is spoken to, if that is below the domain.
dnl #
dnl # Authorities that are trusted. Delete the lines if you have set them already.
ifdef(`confCACERT', `', `define(`confCACERT', `/etc/ssl/certs/ca-certificates.crt')')dnl
ifdef(`confCACERT_PATH', `', `define(`confCACERT_PATH', `/etc/ssl/certs')')dnl
define(`_LOCAL_TLS_RCPT_')dnl
LOCAL_CONFIG
# the names of a certificate become a class
O SetCertAltnames=true
LOCAL_RULESETS
SLocal_tls_rcpt
R$*			$: <?> $>CanonAddr $1
R<?> $* < @ $+ . >	$: <$2>
R<?> $* < @ $+ >	$: <$2>
R<?> $*			$@ OK
R<$+>			$: $1 $| $>D <$1> <?> <! PosternName> <>
R$+ $| <?> $*		$@ OK
# for the domain itself
R$+ $| $*		$: $(macro {PosternDomain} $@ $1 $) $1
R$+			$: <$1> $>PosternNamed $1
R<$*> YES		$@ OK
# for the host, which lies below the domain
R$*			$: $&{server_name}
R$+ .			$: $1
R$* . $&{PosternDomain}	$: <> $>PosternNamed $1 . $&{PosternDomain}
R<> YES			$@ OK
R$*			$#error $@ 4.7.5 $: "454 the certificate of " $&{server_name} " is for another name"

SPosternNamed
R$={cert_altnames}	$@ YES
R$&{cn_subject}		$@ YES
R$- . $+		$: $1 . $2 $| * . $2
R$+ $| $={cert_altnames}	$@ YES
R$*			$@ NO
divert(0)dnl
