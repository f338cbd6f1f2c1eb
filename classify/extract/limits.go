package extract

import "time"

// Limits bounds what reading one mail may cost. Passing a limit is a Problem of
// the part at fault, never an error.
type Limits struct {
	Depth       int           // nested multiparts, attached mails and containers
	Parts       int           // parts of one mail, members of archives included
	Members     int           // members of one archive
	Ratio       int           // expanded bytes per packed byte of one container
	PartBytes   int64         // decoded bytes of one part
	MailBytes   int64         // decoded bytes of one mail
	HeaderBytes int64         // bytes of one header block
	PartTime    time.Duration // reading one part
	MailTime    time.Duration // reading one mail, all parts together
	WaitTime    time.Duration // one mail waiting for its turn, which is none of these times
	MailMemory  int64         // bytes held for one mail
}

// DefaultLimits is what serves when the configuration says nothing.
var DefaultLimits = Limits{
	Depth:       50,
	Parts:       2000,
	Members:     10000,
	Ratio:       200,
	PartBytes:   256 << 20,
	MailBytes:   512 << 20,
	HeaderBytes: 1 << 20,
	PartTime:    20 * time.Second,
	MailTime:    60 * time.Second,
	WaitTime:    60 * time.Second,
	MailMemory:  64 << 20,
}

// orDefault fills in what is zero.
func (l Limits) orDefault() Limits {
	d := DefaultLimits
	fill(&l.Depth, d.Depth)
	fill(&l.Parts, d.Parts)
	fill(&l.Members, d.Members)
	fill(&l.Ratio, d.Ratio)
	fill(&l.PartBytes, d.PartBytes)
	fill(&l.MailBytes, d.MailBytes)
	fill(&l.HeaderBytes, d.HeaderBytes)
	fill(&l.PartTime, d.PartTime)
	fill(&l.MailTime, d.MailTime)
	fill(&l.WaitTime, d.WaitTime)
	fill(&l.MailMemory, d.MailMemory)
	return l
}

func fill[T comparable](field *T, value T) {
	if zero := *new(T); *field == zero {
		*field = value
	}
}
