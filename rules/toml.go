package rules

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// maxTOML bounds a policy or configuration file; maxNesting how deep its
// conditions may be nested.
const (
	maxTOML    = 4 << 20
	maxNesting = 32
)

// Pos tells where a table stands in its file. A struct that DecodeTOML fills
// may have a field of this type; it is set to the place of its table.
type Pos struct {
	File string
	Line int
	keys map[string]int
	// faulty are the keys of which a mistake was told already; shared by copies.
	faulty map[string]bool
}

// At is the line of a key of the table, or the table's own if the key is not there.
func (p Pos) At(key string) int {
	if line, ok := p.keys[key]; ok {
		return line
	}
	return p.Line
}

// Has reports whether the table holds the key.
func (p Pos) Has(key string) bool { _, ok := p.keys[key]; return ok }

// blame notes that a mistake was told of a key.
func (p Pos) blame(key string) {
	if p.faulty != nil {
		p.faulty[key] = true
	}
}

// blamed reports whether a mistake was told of one of the keys; of any at all if
// none is named. What else is wrong there may only follow from it.
func (p Pos) blamed(keys ...string) bool {
	return len(keys) == 0 && len(p.faulty) > 0 || slices.ContainsFunc(keys, func(key string) bool { return p.faulty[key] })
}

// saysOnly reports whether the table holds none but these keys.
func (p Pos) saysOnly(known ...string) bool {
	for key := range p.keys {
		if !slices.Contains(known, key) {
			return false
		}
	}
	return true
}

// Strings is a list of strings that may be written as one string.
type Strings []string

// DecodeTOML reads a TOML document into a struct and returns every mistake, each
// with its line; nil if there is none. It is strict: a key that the struct does
// not have is a mistake, and so is a value of another type. name says what the
// document is, as messages begin: `policy "eu.toml"`.
//
// Fields are named by their toml tag. Beside plain Go types it fills
// time.Duration (from "60s"), time.Time, Strings (a string or a list), pointers
// (nil where the key is absent), maps by name, encoding.TextUnmarshaler (from a
// string or a whole number), and Pos. What the
// struct holds already is the default. After a mistake the struct is filled as
// far as it was understood.
func DecodeTOML(name string, data []byte, into any) *Mistakes {
	d := &decoder{file: name, mistakes: &Mistakes{}, faulty: map[string]map[string]bool{}}
	if len(data) > maxTOML {
		d.mistakes.Add(name, 0, "", "the file has %d bytes, more than the %d that are read", len(data), maxTOML)
		return d.mistakes
	}
	var document map[string]any
	if _, err := toml.Decode(string(data), &document); err != nil {
		d.syntax(err)
		return d.mistakes
	}
	d.lines = locate(data)
	d.table(node{value: document}, reflect.ValueOf(into).Elem())
	if d.mistakes.Err() == nil {
		return nil
	}
	return d.mistakes
}

// decoder fills Go values from a parsed document.
type decoder struct {
	file     string
	lines    map[string]int
	mistakes *Mistakes
	faulty   map[string]map[string]bool // by table, the keys that a mistake was told of
}

// node is one value of a document: its place for the locator, its name for people.
type node struct {
	value any
	place string
	name  string
	depth int
}

// fromTOML is a type that reads itself.
type fromTOML interface {
	fromTOML(d *decoder, n node)
}

func (d *decoder) syntax(err error) {
	var p toml.ParseError
	if !errors.As(err, &p) {
		d.mistakes.Add(d.file, 0, "", "not readable as TOML: %v", err)
		return
	}
	message := p.Message
	if message == "" {
		message = strings.TrimPrefix(err.Error(), "toml: ")
	}
	fix := ""
	if strings.Contains(message, "cannot be used as an array") {
		fix = "write all such tables as [kind.ID], or all as [[kind]] with an id: a file takes one way or the other"
	}
	d.mistakes.Add(d.file, p.Position.Line, fix, "not valid TOML: %s", message)
}

func (d *decoder) line(n node) int {
	if line, ok := d.lines[n.place]; ok {
		return line
	}
	return max(1, d.lines[n.place[:max(0, strings.LastIndexAny(n.place, keyMark+itemMark))]])
}

func (d *decoder) wrong(n node, fix, format string, args ...any) {
	d.mistakes.Add(d.file, d.line(n), fix, "%s: %s", n.name, fmt.Sprintf(format, args...))
}

func (d *decoder) wanted(n node, what string) {
	d.wrong(n, "", "got %s, wanted %s", describe(n.value), what)
}

func (d *decoder) child(n node, key string) node {
	name := key
	if n.name != "" {
		name = n.name + "." + key
	}
	return node{n.value.(map[string]any)[key], n.place + keyMark + key, name, n.depth + 1}
}

func (d *decoder) itemOf(n node, i int, value any) node {
	return node{value, item(n.place, i), fmt.Sprintf("%s #%d", n.name, i+1), n.depth + 1}
}

// pos is the Pos of a table.
func (d *decoder) pos(n node) Pos {
	p := Pos{File: d.file, Line: d.line(n), keys: map[string]int{}, faulty: map[string]bool{}}
	if known := d.faulty[n.place]; known != nil {
		p.faulty = known
	} else {
		d.faulty[n.place] = p.faulty
	}
	for key := range n.value.(map[string]any) {
		p.keys[key] = d.line(d.child(n, key))
	}
	return p
}

// blame notes that a mistake was told of a key of a table.
func (d *decoder) blame(n node, key string) {
	if of := d.faulty[n.place]; of != nil {
		of[key] = true
	}
}

// table fills a struct.
func (d *decoder) table(n node, into reflect.Value) {
	values, ok := n.value.(map[string]any)
	if !ok {
		d.wanted(n, "a table")
		return
	}
	fields := map[string]reflect.Value{}
	d.fields(n, into, fields)
	known := make([]string, 0, len(fields))
	for key := range fields {
		known = append(known, key)
	}
	for key := range values {
		child := d.child(n, key)
		field, ok := fields[key]
		if !ok {
			where := "the file"
			if n.name != "" {
				where = n.name
			}
			d.mistakes.Add(d.file, d.line(child), didYouMean(key, known), "unknown key %q in %s", key, where)
			d.blame(n, key)
			continue
		}
		before := len(d.mistakes.List)
		if d.decode(child, field); len(d.mistakes.List) > before {
			d.blame(n, key)
		}
	}
}

// fields collects the fields of a struct by their key, those of embedded
// structs included, and sets its Pos.
func (d *decoder) fields(n node, into reflect.Value, fields map[string]reflect.Value) {
	for i := range into.NumField() {
		f := into.Type().Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
		switch {
		case f.Type == reflect.TypeFor[Pos]():
			into.Field(i).Set(reflect.ValueOf(d.pos(n)))
		case f.Anonymous && f.Type.Kind() == reflect.Struct && key == "":
			d.fields(n, into.Field(i), fields)
		case key != "" && key != "-":
			fields[key] = into.Field(i)
		}
	}
}

func (d *decoder) decode(n node, into reflect.Value) {
	if n.depth > maxNesting {
		d.wrong(n, "", "nested deeper than %d", maxNesting)
		return
	}
	if self, ok := reflect.TypeAssert[fromTOML](into.Addr()); ok {
		self.fromTOML(d, n)
		return
	}
	switch into.Interface().(type) {
	case Strings:
		d.strings(n, into)
		return
	case time.Duration:
		d.duration(n, into)
		return
	case time.Time:
		d.time(n, into)
		return
	}
	if text, ok := reflect.TypeAssert[encoding.TextUnmarshaler](into.Addr()); ok {
		d.text(n, text)
		return
	}
	d.plain(n, into)
}

// decodeInto fills a value of any type.
func decodeInto(d *decoder, n node, into any) { d.decode(n, reflect.ValueOf(into).Elem()) }

// plain fills what has no reading of its own.
func (d *decoder) plain(n node, into reflect.Value) {
	switch into.Kind() {
	case reflect.Pointer:
		one, before := reflect.New(into.Type().Elem()), len(d.mistakes.List)
		if d.decode(n, one.Elem()); len(d.mistakes.List) == before {
			into.Set(one)
		}
	case reflect.Struct:
		d.table(n, into)
	case reflect.Interface:
		into.Set(reflect.ValueOf(n.value))
	case reflect.Slice:
		d.list(n, into)
	case reflect.Map:
		d.named(n, into)
	case reflect.String:
		if s, ok := n.value.(string); ok {
			into.SetString(s)
			return
		}
		d.wanted(n, "a string")
	case reflect.Bool:
		if b, ok := n.value.(bool); ok {
			into.SetBool(b)
			return
		}
		d.wanted(n, "true or false")
	case reflect.Float64:
		d.float(n, into)
	default:
		d.integer(n, into)
	}
}

func (d *decoder) integer(n node, into reflect.Value) {
	i, ok := n.value.(int64)
	switch {
	case !ok:
		d.wanted(n, "a whole number")
	case into.CanInt() && !into.OverflowInt(i):
		into.SetInt(i)
	case into.CanUint() && i >= 0 && !into.OverflowUint(uint64(i)):
		into.SetUint(uint64(i))
	case into.CanInt() || into.CanUint():
		d.wanted(n, "a number that fits")
	default:
		panic("internal error: no TOML for " + into.Type().String())
	}
}

func (d *decoder) float(n node, into reflect.Value) {
	switch f := n.value.(type) {
	case int64:
		into.SetFloat(float64(f))
	case float64:
		if !math.IsNaN(f) && !math.IsInf(f, 0) {
			into.SetFloat(f)
			return
		}
		d.wanted(n, "a finite number")
	default:
		d.wanted(n, "a number")
	}
}

func (d *decoder) duration(n node, into reflect.Value) {
	if s, ok := n.value.(string); ok {
		if t, err := time.ParseDuration(s); err == nil && t >= 0 {
			into.SetInt(int64(t))
			return
		}
	}
	d.wanted(n, `a duration such as "60s"`)
}

// time takes TOML's own dates and times, or a string. Without an offset it is UTC.
func (d *decoder) time(n node, into reflect.Value) {
	switch v := n.value.(type) {
	case time.Time:
		if strings.HasSuffix(v.Location().String(), "-local") {
			v = time.Date(v.Year(), v.Month(), v.Day(), v.Hour(), v.Minute(), v.Second(), v.Nanosecond(), time.UTC)
		}
		into.Set(reflect.ValueOf(v))
		return
	case string:
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
			if t, err := time.Parse(layout, v); err == nil {
				into.Set(reflect.ValueOf(t))
				return
			}
		}
	}
	d.wanted(n, "a time such as 2027-03-15 or 2027-03-15T12:00:00Z")
}

func (d *decoder) text(n node, into encoding.TextUnmarshaler) {
	s, ok := n.value.(string)
	if i, whole := n.value.(int64); whole {
		s, ok = strconv.FormatInt(i, 10), true
	}
	if !ok {
		d.wanted(n, "a string")
		return
	}
	if err := into.UnmarshalText([]byte(s)); err != nil {
		d.wrong(n, "", "%v", err)
	}
}

func (d *decoder) strings(n node, into reflect.Value) {
	if s, ok := n.value.(string); ok {
		into.Set(reflect.ValueOf(Strings{s}))
		return
	}
	items, ok := list(n.value)
	if !ok {
		d.wanted(n, "a string or a list of strings")
		return
	}
	all := make(Strings, 0, len(items))
	for i, value := range items {
		if s, ok := value.(string); ok {
			all = append(all, s)
		} else {
			d.wanted(d.itemOf(n, i, value), "a string")
		}
	}
	into.Set(reflect.ValueOf(all))
}

// list returns the items of a list, however the library typed it.
func list(value any) ([]any, bool) {
	switch items := value.(type) {
	case []any:
		return items, true
	case []map[string]any:
		all := make([]any, len(items))
		for i, one := range items {
			all[i] = one
		}
		return all, true
	}
	return nil, false
}

func (d *decoder) list(n node, into reflect.Value) {
	items, ok := list(n.value)
	if !ok {
		d.wanted(n, "a list")
		return
	}
	all := reflect.MakeSlice(into.Type(), len(items), len(items))
	for i, value := range items {
		d.decode(d.itemOf(n, i, value), all.Index(i))
	}
	into.Set(all)
}

// named fills a map, one value for each key.
func (d *decoder) named(n node, into reflect.Value) {
	values, ok := n.value.(map[string]any)
	if !ok {
		d.wanted(n, "a table")
		return
	}
	if into.IsNil() {
		into.Set(reflect.MakeMap(into.Type()))
	}
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		one, before := reflect.New(into.Type().Elem()).Elem(), len(d.mistakes.List)
		d.decode(d.child(n, key), one)
		if len(d.mistakes.List) > before && one.Kind() != reflect.Struct {
			continue // a zero in its place would only be wrong again
		}
		into.SetMapIndex(reflect.ValueOf(key), one)
	}
}

// describe says what a value is, for people.
func describe(value any) string {
	switch v := value.(type) {
	case string:
		return fmt.Sprintf("the string %q", v)
	case bool:
		return fmt.Sprint(v)
	case int64:
		return fmt.Sprintf("the number %d", v)
	case float64:
		return fmt.Sprintf("the number %v", v)
	case time.Time:
		return "a date"
	case map[string]any:
		return "a table"
	}
	return "a list"
}
