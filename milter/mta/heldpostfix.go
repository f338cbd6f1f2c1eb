package mta

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

const (
	// maxQueueLine is how much of a line of postqueue(1) is read. A mail with more
	// recipients than fit is told with those that do.
	maxQueueLine = 1 << 20
	// atOnce is how many mails one run of postcat(1) looks at.
	atOnce = 100
)

// Held reads the hold queue by postqueue(1), and the header of each mail by
// postcat(1).
func (p PostfixInstance) Held(ctx context.Context) iter.Seq2[Held, error] {
	return func(yield func(Held, error) bool) {
		var some []Held
		flush := func() bool {
			p.look(ctx, some)
			for _, h := range some {
				if !yield(h, nil) {
					return false
				}
			}
			some = some[:0]
			return true
		}
		for h, err := range p.queued(ctx) {
			if err != nil {
				if !yield(Held{}, err) {
					return
				}
				continue
			}
			if some = append(some, h); len(some) == atOnce && !flush() {
				return
			}
		}
		flush()
	}
}

// queued lists the mails on hold.
func (p PostfixInstance) queued(ctx context.Context) iter.Seq2[Held, error] {
	return func(yield func(Held, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		cmd, err := p.command(ctx, "postqueue", "-j")
		if err != nil {
			yield(Held{}, err)
			return
		}
		said := &bounded{}
		cmd.Stderr = said
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			yield(Held{}, err)
			return
		}
		stopped := false
		for h, err := range readQueue(out) {
			if stopped = !yield(h, err); stopped {
				break
			}
		}
		if stopped {
			cancel()
		}
		if err := cmd.Wait(); err != nil && !stopped {
			yield(Held{}, failure("postqueue", said.String(), err))
		}
	}
}

// readQueue reads what "postqueue -j" prints: one object a line.
func readQueue(r io.Reader) iter.Seq2[Held, error] {
	return func(yield func(Held, error) bool) {
		lines := bufio.NewReaderSize(r, 64<<10)
		for {
			line, err := readBounded(lines)
			if len(bytes.TrimSpace(line)) > 0 {
				h, queue, bad := parseQueued(line)
				if bad != nil && !yield(Held{}, bad) {
					return
				}
				if bad == nil && queue == "hold" && !yield(h, nil) {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
}

// readBounded reads a line; of a long one it returns the beginning.
func readBounded(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		piece, err := r.ReadSlice('\n')
		if room := maxQueueLine - len(line); room > 0 {
			line = append(line, piece[:min(room, len(piece))]...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// parseQueued reads one object, key by key: of one that was cut short, all that is
// there. The keys before the recipients are of bounded length.
func parseQueued(line []byte) (h Held, queue string, err error) {
	d := json.NewDecoder(bytes.NewReader(line))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return h, "", errors.New("postqueue: a line is no JSON object")
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			break
		}
		if key == "recipients" {
			h.recipients(d)
			continue
		}
		value, err := d.Token()
		if err != nil {
			break
		}
		text, _ := value.(string)
		number, _ := value.(float64)
		switch key {
		case "queue_name":
			queue = text
		case "queue_id":
			h.ID = text
		case "sender":
			h.Sender = text
		case "arrival_time":
			h.Arrived = time.Unix(int64(number), 0)
		case "message_size":
			h.Bytes = int64(number)
		}
	}
	if !IsQueueID(h.ID) || queue == "" {
		return h, "", errors.New("postqueue: a line has no queue id of the usual form")
	}
	return h, queue, nil
}

// recipients reads the array of recipients.
func (h *Held) recipients(d *json.Decoder) {
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return
	}
	for d.More() {
		var one struct {
			Address string `json:"address"`
		}
		if d.Decode(&one) != nil {
			h.More++ // cut short: there is one more, or many
			return
		}
		h.addRecipient(one.Address)
	}
	_, _ = d.Token() // the end of the array
}

// look fills in what only the queue files tell. A mail that has left meanwhile
// stays as it is: postcat ends at the first one that it does not find.
func (p PostfixInstance) look(ctx context.Context, some []Held) {
	for len(some) > 0 {
		ids := make([]string, len(some))
		byID := map[string]*Held{}
		for i := range some {
			ids[i] = some[i].ID
			byID[some[i].ID] = &some[i]
		}
		done, err := p.cat(ctx, ids, func(id string) *Held { return byID[id] })
		if err == nil || ctx.Err() != nil {
			return
		}
		// The one after those that were read is the one that failed.
		some = some[min(done+1, len(some)):]
	}
}

// cat reads envelopes and headers, and returns how many it read to their end.
func (p PostfixInstance) cat(ctx context.Context, ids []string, find func(id string) *Held) (int, error) {
	cmd, err := p.command(ctx, "postcat", append([]string{"-qeh"}, ids...)...)
	if err != nil {
		return 0, err
	}
	said := &bounded{}
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return 0, err
	}
	done := readCat(out, find)
	if err := cmd.Wait(); err != nil {
		return done, failure("postcat", said.String(), err)
	}
	return done, nil
}

// Look returns one mail that is on hold.
func (p PostfixInstance) Look(ctx context.Context, id string) (Held, error) {
	if !IsQueueID(id) {
		return Held{}, fmt.Errorf("queue id %q: want letters and digits", Cut(id, 60))
	}
	h := Held{ID: id}
	seen := false
	_, err := p.cat(ctx, []string{id}, func(string) *Held {
		seen = true
		return &h
	})
	switch {
	case err != nil && !seen && strings.Contains(err.Error(), "No such file"):
		return h, ErrNotHeld
	case err != nil:
		return h, err
	}
	return p.onHold(ctx, h)
}

// onHold takes what postqueue(1) tells of a mail: sender, recipients, and that it
// is on hold.
func (p PostfixInstance) onHold(ctx context.Context, h Held) (Held, error) {
	for queued, err := range p.queued(ctx) {
		if err != nil {
			return h, err
		}
		if queued.ID == h.ID {
			queued.Ref, queued.Route, queued.Way = h.Ref, h.Route, h.Way
			return queued, nil
		}
	}
	return h, ErrNotHeld
}

// Lifetime is maximal_queue_lifetime.
func (p PostfixInstance) Lifetime(ctx context.Context) (time.Duration, error) {
	out, _, err := p.run(ctx, "", "postconf", "-xh", "maximal_queue_lifetime")
	if err != nil {
		return 0, err
	}
	return parseTime(strings.TrimSpace(out), 'd')
}

// parseTime reads a time of Postfix, such as "5d" or "300"; unit is that of a bare
// number.
func parseTime(s string, unit byte) (time.Duration, error) {
	number := s
	if s != "" && (s[len(s)-1] < '0' || s[len(s)-1] > '9') {
		number, unit = s[:len(s)-1], s[len(s)-1]
	}
	n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 32)
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	if err != nil || n < 0 || units[unit] == 0 {
		return 0, fmt.Errorf("time %q: want a number and a unit, such as \"5d\"", Cut(s, 40))
	}
	return time.Duration(n) * units[unit], nil
}

// Release takes a mail off hold. It keeps its FILTER, which "postsuper -r" would
// take away, and no milter sees it again.
func (p PostfixInstance) Release(ctx context.Context, id string) error {
	if err := p.super(ctx, "Released from hold: 1 message", "-H", id); err != nil {
		return err
	}
	if _, _, err := p.run(ctx, "", "postqueue", "-i", id); err != nil {
		return fmt.Errorf("%w: %w", ErrNotTried, err)
	}
	return nil
}

// ErrNotTried says that a mail was released, and waits for the MTA's next look at
// its queue.
var ErrNotTried = errors.New("it was released, but is not tried at once")

// Drop deletes a mail from the hold queue.
func (p PostfixInstance) Drop(ctx context.Context, id string) error {
	return p.super(ctx, "Deleted: 1 message", "-d", id, "hold")
}

// super runs postsuper(1), which says in words alone whether it did anything.
func (p PostfixInstance) super(ctx context.Context, want string, flag, id string, queue ...string) error {
	if !IsQueueID(id) {
		return fmt.Errorf("queue id %q: want letters and digits", Cut(id, 60))
	}
	_, said, err := p.run(ctx, "", "postsuper", append([]string{flag, id}, queue...)...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && strings.Contains(said, "superuser"):
		return errors.New("postsuper is for root alone")
	case err != nil:
		return err
	case !strings.Contains(said, want):
		return ErrNotHeld
	}
	return nil
}
