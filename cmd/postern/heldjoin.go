package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"time"

	"github.com/postern-mail/postern/milter/audit"
	"github.com/postern-mail/postern/milter/mta"
)

// maxHeld bounds what is kept of a queue.
const maxHeld = 200_000

// gather reads held mails and joins them with their records, the oldest first.
// Together with an error it returns what could be read.
func (d *heldDesk) gather(ctx context.Context, held iter.Seq2[mta.Held, error]) ([]mta.Explained, error) {
	var all []mta.Held
	var failed []error
	for h, err := range held {
		if err != nil {
			if len(failed) < maxTold {
				failed = append(failed, err)
			}
			continue
		}
		if len(all) == maxHeld {
			failed = append(failed, fmt.Errorf("more than %d mails are on hold; the others are not shown", maxHeld))
			break
		}
		all = append(all, h)
	}
	slices.SortFunc(all, func(a, b mta.Held) int { return a.Arrived.Compare(b.Arrived) })
	records := d.records(ctx, all)
	explained := make([]mta.Explained, len(all))
	for i, h := range all {
		explained[i] = mta.Explain(h, records[i])
	}
	return explained, errors.Join(failed...)
}

// records looks up the record of each mail, by reference, else by queue id.
func (d *heldDesk) records(ctx context.Context, all []mta.Held) []*audit.Record {
	found := make([]*audit.Record, len(all))
	if len(all) == 0 {
		return found
	}
	byRef, byID := map[string][]int{}, map[string]int{}
	for i := range all {
		if all[i].Ref != "" {
			byRef[all[i].Ref] = append(byRef[all[i].Ref], i)
		}
		byID[all[i].ID] = i
	}
	for l := range auditLines(d.since(all[0].Arrived), d.c.InOrStdin()) {
		if ctx.Err() != nil {
			return found
		}
		if l.broken {
			fmt.Fprintf(d.c.ErrOrStderr(), "postern: warning: audit file %s: %v\n", l.place, l.err)
		}
		ref, id := quick(l.text, `"ref":"`), quick(l.text, `"queue_id":"`)
		mine, known := byID[string(id)]
		if l.err != nil || !known && byRef[string(ref)] == nil {
			continue
		}
		record, err := audit.Parse(l.text)
		if err != nil {
			continue
		}
		record.Report, record.Fingerprints = audit.Report{Unread: record.Report.Unread}, nil
		for _, i := range byRef[record.Ref] {
			if found[i] == nil || record.QueueID == all[i].ID {
				found[i] = record
			}
		}
		if known && record.QueueID == all[mine].ID && (found[mine] == nil || found[mine].QueueID != all[mine].ID) {
			found[mine] = record
		}
	}
	return found
}

// quick finds a value at the beginning of a line, without reading all of it. These
// two have none of the letters that JSON escapes.
func quick(line []byte, key string) []byte {
	_, rest, _ := bytes.Cut(line[:min(len(line), 256)], []byte(key))
	value, _, _ := bytes.Cut(rest, []byte(`"`))
	return value
}

// since leaves out the files that were last written to before the oldest mail came.
func (d *heldDesk) since(oldest time.Time) []string {
	return slices.DeleteFunc(slices.Clone(d.audit), func(file string) bool {
		info, err := os.Stat(file)
		return err == nil && info.Mode().IsRegular() && info.ModTime().Before(oldest.Add(-time.Hour))
	})
}
