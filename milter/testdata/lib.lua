-- What the scripts share.

mt.set_timeout(20)

function must(result, what)
  if result ~= nil then error(what .. ": " .. result) end
end

function want(conn, code, what)
  local got = mt.getreply(conn)
  if got ~= code then
    error(what .. ": reply " .. string.char(got) .. ", want " .. string.char(code))
  end
end

function never(conn, what, ...)
  for _, op in ipairs({ ... }) do
    if mt.eom_check(conn, op) then error(what .. ": modification " .. op) end
  end
end

-- greet connects as an authenticated client's MTA does.
function greet(socket, version, actions, steps)
  local conn = mt.connect(socket, 20, 0.1)
  if conn == nil then error "no connection" end
  if version ~= nil then
    -- QUIRK: miltertest 2.11 takes the last two in the other order than its
    -- manual has them.
    must(mt.negotiate(conn, version, steps, actions), "negotiate")
  end
  must(mt.macro(conn, SMFIC_CONNECT, "j", "mx.agency.example", "{daemon_name}", "ORIGINATING"), "macro")
  must(mt.conninfo(conn, "client.agency.example", "192.0.2.7"), "connect")
  want(conn, SMFIR_CONTINUE, "connect")
  must(mt.helo(conn, "client.agency.example"), "helo")
  want(conn, SMFIR_CONTINUE, "helo")
  return conn
end

function envelope(conn, id, rcpt)
  must(mt.macro(conn, SMFIC_MAIL, "i", id, "{auth_authen}", "alice"), "macro")
  must(mt.mailfrom(conn, "<alice@agency.example>", "SIZE=100", "BODY=8BITMIME"), "mail")
  want(conn, SMFIR_CONTINUE, "mail")
  rcpt = rcpt or "bob@outside.example"
  must(mt.macro(conn, SMFIC_RCPT, "{rcpt_addr}", rcpt, "{rcpt_mailer}", "smtp"), "macro")
  must(mt.rcptto(conn, "<" .. rcpt .. ">"), "rcpt")
  want(conn, SMFIR_CONTINUE, "rcpt")
end

function content(conn, fields, body)
  must(mt.header(conn, "From", "alice@agency.example"), "header")
  want(conn, SMFIR_CONTINUE, "header")
  for _, f in ipairs(fields) do
    must(mt.header(conn, f[1], f[2]), "header")
    want(conn, SMFIR_CONTINUE, "header")
  end
  must(mt.eoh(conn), "end of header")
  want(conn, SMFIR_CONTINUE, "end of header")
  must(mt.bodystring(conn, body), "body")
  want(conn, SMFIR_CONTINUE, "body")
  must(mt.eom(conn), "end of mail")
end

function mail(conn, id, fields, body)
  envelope(conn, id)
  content(conn, fields, body)
end
