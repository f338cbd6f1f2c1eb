-- Every outcome, as libmilter's own reading of the protocol sees it, all on one
-- connection. Texts of replies hold a reference, and miltertest compares whole
-- texts only, so that here the kind of reply has to do.

conn = greet(socket)

mail(conn, "Q1", {}, "hello\r\n")
want(conn, SMFIR_ACCEPT, "a plain mail")
never(conn, "a plain mail", MT_HDRADD, MT_HDRINSERT, MT_HDRCHANGE, MT_HDRDELETE, MT_BODYCHANGE, MT_QUARANTINE)

mail(conn, "Q2", { { "X-Case", "refuse" } }, "hello\r\n")
want(conn, SMFIR_REPLYCODE, "a refused mail")
never(conn, "a refused mail", MT_HDRADD, MT_HDRDELETE, MT_QUARANTINE)

mail(conn, "Q3", { { "X-Case", "later" } }, "hello\r\n")
want(conn, SMFIR_REPLYCODE, "a deferred mail")

mail(conn, "Q4", { { "X-Case", "look-at-it" } }, "hello\r\n")
want(conn, SMFIR_ACCEPT, "a held mail")
if not mt.eom_check(conn, MT_QUARANTINE) then error "a held mail: no quarantine" end
if not mt.eom_check(conn, MT_HDRADD, "X-Postern-Ref") then error "a held mail: no reference" end

mail(conn, "Q5", { { "X-Case", "over-tls" } }, "hello\r\n")
want(conn, SMFIR_ACCEPT, "a routed mail")
if not mt.eom_check(conn, MT_HDRADD, "X-Postern-Route") then error "a routed mail: no route" end
never(conn, "a routed mail", MT_QUARANTINE, MT_HDRDELETE)

mail(conn, "Q6", { { "x-postern-ROUTE", "gateway:evil" }, { "Subject", "x" } }, "hello\r\n")
want(conn, SMFIR_ACCEPT, "a forged route")
if not mt.eom_check(conn, MT_HDRDELETE, "x-postern-route") then error "a forged route: not removed" end
never(conn, "a forged route", MT_HDRADD)

mail(conn, "Q7", {}, "my social security number is 219-09-9998\r\n")
want(conn, SMFIR_REPLYCODE, "a number in the body")

-- A large body comes in chunks that are cut anywhere.
mail(conn, "Q8", { { "Subject", "large" } }, string.rep("all work and no play makes a dull boy\r\n", 1500))
want(conn, SMFIR_ACCEPT, "a large mail")

mt.disconnect(conn)
