// Command soak runs a postern for a long time under everything that it meets in
// its life at once: mails of all kinds, some from a folder, connections that are
// cut off anywhere, reloads of its policy, good and broken ones. It samples the
// daemon's memory, goroutines, descriptors and temporary files meanwhile and
// says how they grow. They must not: it exits with 1 if one does.
//
//	go run ./contrib/soak -postern bin/postern -duration 20m
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/postern-mail/postern/milter/load"
)

func main() {
	var s soak
	flag.StringVar(&s.binary, "postern", "bin/postern", "the daemon to run")
	flag.DurationVar(&s.duration, "duration", 20*time.Minute, "how long")
	flag.IntVar(&s.connections, "connections", 8, "connections that send mails")
	flag.StringVar(&s.mails, "mails", "", "a `folder` of mails to send beside the usual ones")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	flat, err := s.run(ctx, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(2)
	}
	if !flat {
		os.Exit(1)
	}
}

// soak is one run.
type soak struct {
	binary      string
	duration    time.Duration
	connections int
	mails       string
	daemon      *daemon
}

// run reports whether everything stayed flat.
func (s *soak) run(ctx context.Context, out io.Writer) (flat bool, err error) {
	mails, err := s.allMails()
	if err != nil {
		return false, err
	}
	if s.daemon, err = start(s.binary); err != nil {
		return false, err
	}
	defer s.daemon.end()
	ctx, cancel := context.WithTimeout(ctx, s.duration)
	defer cancel()
	cuts, reloads := make(chan int, 1), make(chan int, 1)
	go func() { cuts <- s.daemon.cutOff(ctx, mails) }()
	go func() { reloads <- s.daemon.reload(ctx, max(s.duration/600, time.Second)) }()
	samples := make(chan []sample, 1)
	go func() { samples <- s.daemon.watch(ctx, s.duration/200) }()

	result, err := load.Run(ctx, load.Options{
		Network: "tcp", Address: s.daemon.milter, Mails: mails, Connections: s.connections, PerConnection: 7,
		From: "ann@agency.example", To: []string{"bob@partner.example"}, User: "ann",
	})
	if err != nil {
		return false, err
	}
	cancel()
	fmt.Fprintf(out, "%d mails in %v over %d connections, %d cut off, %d reloads\nverdicts %v\n",
		result.Mails, result.Elapsed.Round(time.Second), s.connections, <-cuts, <-reloads, result.Verdicts)
	flat = judge(<-samples, out)
	if result.Failed() > 0 {
		fmt.Fprintln(out, "mails without a verdict:", result.Errors)
		flat = false
	}
	return s.daemon.atRest(out) && flat, s.daemon.stop()
}

// allMails are one mail of each kind that is not too large, some that are broken,
// and those of the folder.
func (s *soak) allMails() ([]load.Mail, error) {
	mails := brokenMails()
	for _, kind := range []string{"text", "card", "html", "text", "docx", "text", "pdf", "html"} {
		mails = append(mails, *load.Kind(kind))
	}
	if s.mails == "" {
		return mails, nil
	}
	err := filepath.WalkDir(s.mails, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		mails = append(mails, load.Parse(path, raw))
		return err
	})
	return mails, err
}

// brokenMails are such as make readers keep something by mistake: endings that do
// not come, parts in parts, archives that are none.
func brokenMails() []load.Mail {
	texts := []string{
		"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<table><tr><td>never closed",
		"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: application/zip\nContent-Transfer-Encoding: base64\n\nUEsDBBQAAAAIAAAA",
		"Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\nJVBERi0xLjcKMSAwIG9iago8PC9UeXBlL0NhdGFsb2c+PgplbmRvYmoK",
		"Content-Type: application/gzip\nContent-Transfer-Encoding: base64\n\nH4sIAAAAAAAAA0vOzy3ISU0tVkhUKFIoSk1OzEvJzEtXKMlIVShOzCvJTFXIzE0sKgYAUiRx",
	}
	nested := strings.Repeat("Content-Type: message/rfc822\n\n", 40)
	mails := make([]load.Mail, 0, len(texts)+1)
	for _, text := range append(texts, nested+"Subject: deep\n\nhello\n") {
		mails = append(mails, load.Parse("broken", []byte("Subject: broken\nMIME-Version: 1.0\n"+text)))
	}
	return mails
}
