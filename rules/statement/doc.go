// Package statement adds a statement to a mail: a confidentiality notice, a
// disclaimer.
//
// Append looks at a mail's header and body and returns an Edit: where in the body
// which bytes come in, and which header fields change. What it does not insert
// stays byte for byte as it was, so a signature that is made later is the only
// one that matters, and attachments cannot be harmed.
//
// # Where the statement goes
//
// It goes to the end of the text that a reader sees first: a text/plain or
// text/html body, every such part of a multipart/alternative, the root of a
// multipart/related, the first part of a multipart/mixed that is text. In HTML it
// stands before </body>. Attachments, attached mails and reports are left alone.
//
// # Charsets and encodings
//
// The statement is written in the part's charset and transfer encoding, as the
// lines of a format=flowed text where it is one (RFC 3676). In HTML what is not
// ASCII becomes a character reference. A us-ascii text that gets a letter beyond
// ASCII is declared utf-8. A text in a charset that lacks a letter of the
// statement, or whose bytes are not those of ASCII, is written anew in utf-8; only
// then do other bytes of that one part change, its text does not.
//
// # When it is not added
//
// Signed and encrypted mail is never changed, nor a mail without text, nor one
// whose form leaves doubt where the text ends: Append then returns an error that
// wraps one of the Err values, and whoever asked does something else instead.
package statement
