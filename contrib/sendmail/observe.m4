dnl # postern beside Sendmail, observe mode: /etc/mail/postern/observe.m4, named in
dnl # sendmail.mc before its MAILER lines.
dnl #
dnl # postern reads the mail, decides, records, and changes nothing. There is no F:
dnl # whatever happens to postern, the mail goes on as if it were not there. How long
dnl # to wait: C for a connection, S and R to send a packet and to get the answer to
dnl # one, E for the verdict at the end of the mail.
INPUT_MAIL_FILTER(`postern', `S=@MILTER@, T=C:5s;S:30s;R:70s;E:2m')dnl
