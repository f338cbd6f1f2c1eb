package extract

import (
	"compress/zlib"
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

func TestTextOfAPictureThatIsTooMuchIsSaid(t *testing.T) {
	chunk := func(kind, data string) string {
		return string([]byte{byte(len(data) >> 24), byte(len(data) >> 16), byte(len(data) >> 8), byte(len(data))}) + kind + data + "0000"
	}
	long := strings.Repeat("lorem ipsum ", 30<<10)
	var packed strings.Builder
	z := zlib.NewWriter(&packed)
	_, _ = z.Write([]byte(long))
	_ = z.Close()
	for name, chunks := range map[string]string{
		"a long text":   chunk("tEXt", "Comment\x00"+long),
		"a packed text": chunk("zTXt", "Comment\x00\x00"+packed.String()),
		"many texts":    strings.Repeat(chunk("tEXt", "Comment\x00"+long[:200<<10]), 7),
	} {
		mail := "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64("\x89PNG\r\n\x1a\n"+chunks+chunk("IEND", ""))
		if _, c := read(t, mail, Limits{}, 0); c.known["1"].Problem != TooBig || !c.has("lorem ipsum") {
			t.Errorf("%s: problem %q", name, c.known["1"].Problem)
		}
	}
}
