-- An MTA of long ago: protocol 2, no quarantine, nothing of version 6.

conn = greet(socket, 2, SMFIF_ADDHDRS + SMFIF_CHGHDRS, 0x7f)
if mt.test_action(conn, SMFIF_QUARANTINE) then error "asked for quarantine, which was not on offer" end

mail(conn, "O1", { { "X-Case", "over-tls" } }, "hello\r\n")
want(conn, SMFIR_ACCEPT, "a routed mail")
if not mt.eom_check(conn, MT_HDRADD, "X-Postern-Route", "tls") then error "no route, or not without a leading blank" end

mail(conn, "O2", { { "X-Case", "look-at-it" } }, "hello\r\n")
want(conn, SMFIR_REPLYCODE, "a mail that cannot be held")
never(conn, "a mail that cannot be held", MT_HDRADD, MT_QUARANTINE)

-- Such an MTA tells of DATA and of unknown commands and has to be answered.
must(mt.unknown(conn, "VRFY postmaster"), "unknown command")
want(conn, SMFIR_CONTINUE, "unknown command")
envelope(conn, "O3")
must(mt.data(conn), "data")
want(conn, SMFIR_CONTINUE, "data")
content(conn, { { "X-Case", "refuse" } }, "hello\r\n")
want(conn, SMFIR_REPLYCODE, "a refused mail")
mt.disconnect(conn)
