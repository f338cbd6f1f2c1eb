dnl # postern beside Sendmail, enforce mode: /etc/mail/postern/enforce.m4, named in
dnl # sendmail.mc before its MAILER lines, in place of observe.m4.
dnl #
dnl # How to reach postern, and how long to wait: C for a connection, S and R to
dnl # send a packet and to get the answer to one, E for the verdict at the end of
dnl # the mail. postern reads a mail for up to mail_time (60 s) and says "still
dnl # working" meanwhile; that extends R, never E.
dnl #
dnl # F=T: without a verdict no mail leaves; the client gets a 451 and tries again.
dnl # Never without F: mail would go on unread whenever postern is down.
INPUT_MAIL_FILTER(`postern', `S=@MILTER@, F=T, T=C:5s;S:30s;R:70s;E:2m')dnl
