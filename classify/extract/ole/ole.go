// Package ole reads the documents that are compound files ([MS-CFB]): those of
// Word, Excel and PowerPoint up to 2003, mails of Outlook (.msg), and the wrapping
// of encrypted documents of later ones.
//
// Read is all there is to call.
//
// # What is read
//
//   - Word 97 to 2003 ([MS-DOC]): all stories by the piece table, so that text
//     which was saved fast stands in its order. Of older versions the text runs.
//   - Excel ([MS-XLS] and its ancestors from BIFF2 on): a text for each sheet, cells
//     in the columns where they stand, numbers in their formats. A Workbook stream
//     by itself is read as well.
//   - PowerPoint ([MS-PPT]): texts of slides, notes and comments.
//   - Outlook ([MS-OXMSG]): the properties of a mail, its bodies and attachments.
//   - Properties, embedded objects and packages, macros.
//   - Of other streams the runs of text in them, and ErrUnsupported.
//
// # Encryption
//
// An encrypted document is an *Encrypted error that names its cipher. A workbook
// that is encrypted with Excel's own password, which opens without asking, is read.
//
// # Promises
//
// Time is linear in the size of the file, whatever its tables say; memory is
// bounded by its allocation table (1/128 of the file) and a few MiB. A damaged
// file is read as far as it goes, then ErrMalformed is returned.
package ole

import (
	"bytes"
	"errors"
	"io"
)

// Out takes what Read finds. An error from any of its methods ends the reading
// at once and is returned by Read.
type Out interface {
	// Text opens a text stream: name is the sheet, "" for the document itself.
	// Cells of a row are separated by TAB, rows, paragraphs and lines by LF.
	Text(name string) (io.WriteCloser, error)
	// Member hands over an embedded file; name may be empty.
	Member(name string, content io.Reader) error
	// Expand is asked before n more bytes are decompressed or repeated.
	Expand(n int) error
	// Anomaly notes something odd about the form.
	Anomaly(name string)
}

// Encrypted is the error of a document that is encrypted. Weak is under 128 bits
// or broken.
type Encrypted struct {
	Cipher string
	Weak   bool
}

func (e *Encrypted) Error() string { return "encrypted with " + e.Cipher }

// What Read returns beside the errors of Out.
var (
	ErrMalformed   = errors.New("malformed compound file")
	ErrUnsupported = errors.New("unsupported compound file")
)

// maxNesting bounds how deep storages are read in storages.
const maxNesting = 32

// Read reads a compound file, or a bare Workbook stream, of the given size.
func Read(src io.ReaderAt, size int64, out Out) error {
	d := &document{out: out}
	var head [8]byte
	if _, err := src.ReadAt(head[:], 0); err != nil && err != io.EOF {
		return err
	}
	if isWorkbook(head[:]) {
		d.note(d.workbook(io.NewSectionReader(src, 0, size)))
		return d.result()
	}
	f, err := openFile(src, size)
	if err != nil {
		d.note(err)
		d.note(d.salvage("", io.NewSectionReader(src, 0, size)))
		return d.result()
	}
	d.file = f
	d.note(d.storage(f.root, 0, false))
	if f.damaged && d.note(ErrMalformed) && d.encrypted == nil {
		// What hangs on no chain may still be in the file.
		d.note(d.salvage("", io.NewSectionReader(src, 0, size)))
	}
	return d.result()
}

// document is a compound file being read, and what came in the way.
type document struct {
	out         Out
	file        *file
	encrypted   *Encrypted
	malformed   bool
	unsupported bool
	err         error // of out or the source: the end
}

// note keeps why something was not read; it reports whether reading goes on.
func (d *document) note(err error) bool {
	var locked *Encrypted
	switch {
	case err == nil:
	case errors.As(err, &locked):
		if d.encrypted == nil || locked.Weak && !d.encrypted.Weak {
			d.encrypted = locked
		}
	case errors.Is(err, ErrMalformed):
		d.malformed = true
	case errors.Is(err, ErrUnsupported):
		d.unsupported = true
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		d.malformed = true
	case d.err == nil:
		d.err = err
	}
	return d.err == nil
}

// result is what Read returns: of several troubles the one that hides most.
func (d *document) result() error {
	switch {
	case d.err != nil:
		return d.err
	case d.encrypted != nil:
		return d.encrypted
	case d.malformed:
		return ErrMalformed
	case d.unsupported:
		return ErrUnsupported
	}
	return nil
}

// storage reads what a storage holds, by the streams that are in it. known says
// that it belongs to a document that is read.
func (d *document) storage(s *entry, depth int, known bool) error {
	if depth > maxNesting {
		return ErrMalformed
	}
	done := map[*entry]bool{}
	for _, k := range kinds {
		if e := s.child(k.stream); e != nil && e.kind == typeStream && !done[e] {
			done[e] = true
			if !d.note(k.read(d, s, e)) {
				return d.err
			}
			for _, other := range k.with {
				done[s.child(other)] = true
			}
		}
	}
	if isMessage(s) {
		return d.message(s, depth)
	}
	known = known || len(done) > 0
	for _, e := range s.children {
		if done[e] || !d.good() {
			continue
		}
		switch {
		case e.kind == typeStorage:
			d.note(d.storage(e, depth+1, known))
		case silent[e.name]:
		default:
			d.note(d.loose(s, e, known))
		}
	}
	return d.err
}

func (d *document) good() bool { return d.err == nil }

// kinds are the streams that make a storage a document, and how it is read.
var kinds = []struct {
	stream string
	with   []string // streams that are read with it, or hold no text
	read   func(d *document, s, e *entry) error
}{
	{"EncryptedPackage", []string{"EncryptionInfo"}, (*document).encryptedPackage},
	{"WordDocument", []string{"1Table", "0Table", "Data"}, (*document).word},
	{"Workbook", nil, (*document).workbookStream},
	{"Book", nil, (*document).workbookStream},
	{"PowerPoint Document", []string{"Current User", "Pictures"}, (*document).slides},
	{"\x01Ole10Native", nil, (*document).nativeObject},
	{"Package", nil, (*document).member},
	{"CONTENTS", nil, (*document).contents},
	{"EmbeddedOdf", nil, (*document).member},
	{"\x05SummaryInformation", nil, (*document).properties},
	{"\x05DocumentSummaryInformation", nil, (*document).properties},
}

// silent are streams that never hold text of a document.
var silent = map[string]bool{
	"\x01CompObj": true, "\x01Ole": true, "\x03ObjInfo": true, "\x03LinkInfo": true, "\x03PRINT": true, "\x03EPRINT": true, "\x03META": true,
	"\x02OlePres000": true, "\x02OlePres001": true, "_VBA_PROJECT": true, "PROJECTwm": true, "dir": true, "\x06DataSpaces": true, "Pictures": true,
	"Current User": true, "_xmlsignatures": true, "\x03AccessObjSiteData": true, "Version": true, "DataSpaceMap": true, "\x06Primary": true,
	"StrongEncryptionDataSpace": true, "PROJECT": true, "EncryptionInfo": true,
}

// loose reads a stream that makes no document by itself.
func (d *document) loose(s, e *entry, known bool) error {
	switch {
	case e.name == "\x09DRMContent" || e.name == "DRMContent":
		return &Encrypted{Cipher: "AES-128"}
	case s.child("dir") != nil || s.child("_VBA_PROJECT") != nil:
		return d.macro(e)
	}
	r := d.file.open(e)
	var head [8]byte
	n, _ := r.ReadAt(head[:], 0)
	for _, magic := range []string{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "PK\x03\x04", "%PDF", "{\\rtf", "\x89PNG", "\xff\xd8\xff", "GIF8", "<?xml", "<html"} {
		if bytes.HasPrefix(head[:n], []byte(magic)) {
			return d.member(s, e)
		}
	}
	if err := d.salvage("", r); err != nil {
		return err
	}
	if known || e.size < 64 {
		return nil // a stream beside those of a document that was read
	}
	return ErrUnsupported
}

// member hands a stream over as a file.
func (d *document) member(_, e *entry) error {
	return d.out.Member("", d.file.open(e))
}

// contents reads a stream that embedded objects of many programs have: files of
// a format known by its beginning.
func (d *document) contents(s, e *entry) error { return d.loose(s, e, false) }
