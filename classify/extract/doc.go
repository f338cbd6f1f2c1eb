// Package extract reads mail: bytes in, parts and text out.
//
// Make a Reader with NewReader and feed it: Field for each header field and
// Write for the body as an MTA hands them over, then Close; or ReadMail,
// ReadFile or ReadText for what lies in a file. What is found goes to a Sink
// while the bytes arrive, on the goroutine that feeds them.
//
// # Parts and their paths
//
// A part's path is its IMAP part number (RFC 3501 section 6.4.5): "1" for the
// body of a mail of one part, "2.1" in nested multiparts, "0" for the header of
// the mail. A mail attached as "2" has its header at "2.0" and its body at
// "2.1", or the parts of its body at "2.1", "2.2" and so on. IMAP gives the body
// of a mail as a whole no number but the name TEXT: a multipart that is the body
// of the mail has the path "TEXT", in a mail attached as "2" it is "2.TEXT". It
// is told as a part only if text stands in its preamble or epilogue, or if it
// has a problem; multiparts with a number are always told.
//
// # Texts and their offsets
//
// Every text is a Stream of its own, and offsets count from its first byte:
//
//   - A header field is the text "Name: value", the value unfolded and its
//     encoded words decoded; the Subject is its value alone. Of a Content-Type
//     the boundary is left out, and of any field the file name, which is a text
//     by itself. Of a block of more than 1,000 fields the later ones share a
//     text, a line each. Received, DKIM-*, ARC-*, Authentication-Results,
//     Message-ID, References, In-Reply-To and Date are no text.
//   - A text part is one text, transfer encoding and charset undone, NUL bytes
//     dropped; the values of JSON, calendars and cards have their escapes and
//     folds undone. HTML is two: what a client shows, with a TAB between the cells of
//     a table and a line for each row, and what it does not show (attribute
//     values, comments, scripts, styles), a line each.
//     A line that holds hidden text is told there once more, without it.
//   - Lines with a right-to-left override are told once more, as they are seen.
//   - Preamble, epilogue and junk behind a boundary are texts of their multipart.
//   - Lines of base64 that are none are text as well as data, and so are the
//     lines of files that stand encoded in plain text.
//   - Comments, captions and other metadata of a picture are one text, and what
//     OCR sees in it is another.
//
// Marks tell quoted text from new: see quoteMarks for what is taken for quoted,
// and how far a sender can be trusted with that.
//
// # Promises
//
// The parts, texts and marks are the same however the input is cut; only where a
// limit of bytes is passed within a file within a part, the last byte that is
// read depends on it. Time is
// linear in the input, memory is bounded by a few blocks a level and by
// Limits.HeaderBytes; nothing of a mail is held whole. No input panics and
// none is an error: a part that is not read whole has a Problem, what is odd
// about a mail's form is an anomaly (AnomalyNames). Where clients differ in how
// they read a mail, the reading that shows more is taken, or several are.
//
// # Types
//
// The type of a part is what its bytes say. Text is read whatever it is declared
// as, and what is declared as text is read whatever it looks like. Office
// documents, Visio, XPS, iWork, PDF and RTF are read by their formats, and so are
// SQLite and dBase files; images, audio, video, fonts and signatures hold no
// text. Of bytes of no known kind, of OneNote, Access and other formats that are
// not understood, runs of printable characters are text; the part is unsupported
// all the same. So are programs, whose strings are no text.
//
// # Containers
//
// Zip, 7z, RAR, tar, ar, cpio, cab, RPM and ISO 9660 archives and files compressed
// by gzip, bzip2, xz, zstd, lz4, LZMA, lzip, zlib and compress are read, and so
// are archives that stand behind something else: a program that unpacks them, a
// picture, sound, a PDF, a document, text. So is a PDF behind the first bytes of
// something else. Such a program is read if its archive is. Volumes of
// split archives, UDF, LHA, ARJ, lzop, xar and WIM are unsupported, and so are
// PPMd and the oldest methods in zip.
//
// A container's path ends in its file name ("2!plan.zip"), a member's in the name
// it has in there ("2!plan.zip!q3/x.xlsx", Part.Name is "x.xlsx"); without a name
// it has a number, and of several of one name the later ones get a number behind
// it. Names of members, folders and links, and comments, are texts. Members are
// told before the container they stand in.
//
// Encrypted members are told with their cipher; the archive then counts as
// encrypted too, with the weakest of them. What else of a container cannot be
// read is a problem of the member and of the container. Reading goes on behind
// it where the format allows: a damaged archive gives what is whole.
//
// Formats are added in files of their own: see register.
package extract
