package extract

// Where says in which kind of place of a mail a text stands.
type Where string

// The places of a mail. Anything under message/rfc822 counts as attachment,
// its header fields included.
const (
	Subject    Where = "subject"
	Header     Where = "header"
	Body       Where = "body"
	Attachment Where = "attachment"
)

// Problem says why a part could not be read fully. The set is closed.
type Problem string

// The problems a part can have. The empty Problem is a part that was read whole.
const (
	Encrypted      Problem = "encrypted"
	TooDeep        Problem = "too-deep"
	TooBig         Problem = "too-big"
	TooMany        Problem = "too-many"
	Malformed      Problem = "malformed"
	UnknownCharset Problem = "unknown-charset"
	Unsupported    Problem = "unsupported"
	TimedOut       Problem = "timed-out"
)

// Problems lists every Problem, in the order of their documentation.
func Problems() []Problem {
	return []Problem{Encrypted, TooDeep, TooBig, TooMany, Malformed, UnknownCharset, Unsupported, TimedOut}
}

// Part is one leaf or container of a mail: where it stands, what it says it is,
// what its bytes say it is, and whether it could be read.
type Part struct {
	// Path is the IMAP part number ("1" for a single-part mail, "0" for the
	// header), then one "!name" per container and member, "!" in a name as
	// "%21". The header of an attached mail at "2" has the path "2.0".
	Path string `json:"path"`
	// Name is the decoded file name; empty if the part has none.
	Name string `json:"name"`
	// Declared is the media type that the mail claims, lower case.
	Declared string `json:"declared"`
	// Detected is the media type that the bytes say.
	Detected string `json:"detected"`
	// Bytes counts the bytes after transfer decoding.
	Bytes int64 `json:"bytes"`
	// Encrypted, Cipher and Weak tell of encryption; Weak is under 128 bits or broken.
	Encrypted bool   `json:"encrypted"`
	Cipher    string `json:"cipher"`
	Weak      bool   `json:"weak"`
	// Unscannable is a part that holds no text to scan (image, audio, video,
	// font, signature). It is not unread.
	Unscannable bool `json:"unscannable"`
	// Problem says why the part was not read whole.
	Problem Problem `json:"problem"`
	// HiddenLinks counts the links of an HTML text that show no host, and
	// ConcealedLinks those that show another host than the one they lead to.
	HiddenLinks    int `json:"hidden_links"`
	ConcealedLinks int `json:"concealed_links"`
	// Where is the place that the part's text counts as.
	Where Where `json:"-"`
}

// Unread reports whether the part could hold text that was not read.
func (p *Part) Unread() bool { return p.Problem != "" && !p.Unscannable }
