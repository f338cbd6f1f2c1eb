package audit

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWhatAPersonDidIsALineOfItsOwn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.json")
	h := Handling{
		Time: time.Date(2027, 3, 15, 9, 0, 0, 0, time.UTC), Ref: "P-7K3M9Q2X4B", QueueID: "4Q1", Kind: KindRelease,
		By: By{UID: 0, User: "root", Login: "ann"}, Because: "the client <agreed>", Sender: "a@inside.example", Route: "tls",
	}
	if err := Note(file, h); err == nil {
		t.Error("a file was made that the daemon may not write to")
	}
	// The line before was cut short by a full disk.
	if err := os.WriteFile(file, []byte(`{"v":1,"time":"20`), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := Note(file, h); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"v":1,"time":"2027-03-15T09:00:00Z","ref":"P-7K3M9Q2X4B","queue_id":"4Q1","kind":"release","fault":"",` +
		`"by":{"uid":0,"user":"root","login":"ann"},"because":"the client <agreed>","sender":"a@inside.example","recipients":[],"route":"tls"}` + "\n"
	if got := string(text); got != `{"v":1,"time":"20`+"\n"+want+want {
		t.Errorf("the file holds\n%s", got)
	}
	if _, err := Parse([]byte(want)); !errors.Is(err, ErrHandling) {
		t.Errorf("it is read as a mail: %v", err)
	}
	if _, err := Parse([]byte(strings.Replace(want, "release", "burn", 1))); err == nil || errors.Is(err, ErrHandling) {
		t.Errorf("a kind that is not known: %v", err)
	}
}
