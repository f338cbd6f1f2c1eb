package extract

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The images were made by Pillow 9.4 and ExifTool 12.57.
func TestTheTextOfImagesIsRead(t *testing.T) {
	files, err := filepath.Glob("testdata/images/*")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		mail := "Content-Type: image/x; name=" + filepath.Base(file) + "\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(string(data))
		r, c := read(t, mail, Limits{}, 0)
		p := c.known["1"]
		if !c.has("SSN "+secret) || !strings.HasPrefix(p.Detected, "image/") || !p.Unscannable || p.Unread() {
			t.Errorf("%s: %+v in\n%s", file, *p, c.dump(r))
		}
		invariant(t, mail, Limits{})
		for n := 0; n < len(data); n += 1 + n/9 { // torn images panic nowhere
			torn := strings.Replace(mail, b64(string(data)), b64(string(data[:n])), 1)
			read(t, torn, Limits{}, 0)
		}
	}
}
