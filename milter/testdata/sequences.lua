-- What a client may do between MAIL and the end: refused recipients, RSET, a
-- second EHLO, an aborted body.

conn = greet(socket)

envelope(conn, "S1")
must(mt.rcptto(conn, "<bob@outside.example.tls.postern.invalid>"), "marker recipient")
want(conn, SMFIR_REPLYCODE, "marker recipient")
must(mt.rcptto(conn, "<carol@outside.example>"), "next recipient")
want(conn, SMFIR_CONTINUE, "next recipient")
content(conn, { { "X-Case", "refuse" } }, "hello\r\n")
want(conn, SMFIR_REPLYCODE, "a mail with a refused recipient")

-- RSET in the envelope, in the header and in the body.
envelope(conn, "S2")
must(mt.abort(conn), "abort")
envelope(conn, "S3")
must(mt.header(conn, "X-Case", "refuse"), "header")
must(mt.abort(conn), "abort")
envelope(conn, "S4")
must(mt.header(conn, "X-Case", "refuse"), "header")
must(mt.eoh(conn), "end of header")
must(mt.bodystring(conn, "219-09-9998 is my social security number"), "body")
must(mt.abort(conn), "abort")
mail(conn, "S5", {}, "hello\r\n")
want(conn, SMFIR_ACCEPT, "the mail after three aborted ones")

-- The client turns TLS on and greets again.
must(mt.abort(conn), "abort")
must(mt.macro(conn, SMFIC_HELO, "{tls_version}", "TLSv1.3", "{cipher}", "TLS_AES_256_GCM_SHA384"), "macro")
must(mt.helo(conn, "client.agency.example"), "second helo")
want(conn, SMFIR_CONTINUE, "second helo")
mail(conn, "S6", { { "X-Case", "later" } }, "hello\r\n")
want(conn, SMFIR_REPLYCODE, "the mail after a second helo")

-- A body of random lines, one chunk a line.
envelope(conn, "S7")
must(mt.header(conn, "Subject", "noise"), "header")
must(mt.eoh(conn), "end of header")
must(mt.bodyrandom(conn, 100000), "random body")
must(mt.eom(conn), "end of mail")
want(conn, SMFIR_ACCEPT, "a random body")

-- The client is gone in the middle of a mail.
envelope(conn, "S8")
must(mt.header(conn, "Subject", "cut off"), "header")
mt.disconnect(conn, false)

-- The next connection is none the wiser.
conn = greet(socket)
mail(conn, "S9", {}, "hello\r\n")
want(conn, SMFIR_ACCEPT, "a mail on a new connection")
mt.disconnect(conn)
