package rules

import (
	"cmp"
	"slices"
	"time"
)

// Partner is an entry of the partner registry: how mail to a domain, and to those
// below it that have no entry of their own, is protected.
type Partner struct {
	Domain string // in its ASCII form
	// Route is the least that any mail for it is sent by: the gateway of a list that
	// has one, else the mildest of the list.
	Route   Route
	Ref     string // whatever the admin refers to
	Expired bool
}

// Partners lists the partner registry as it stands at a time, by domain.
func (p *Policy) Partners(at time.Time) []Partner {
	all := make([]Partner, 0, len(p.partners))
	for _, one := range p.partners {
		all = append(all, Partner{one.domain, one.floor(), one.ref, one.expires.expired(at)})
	}
	slices.SortFunc(all, func(a, b Partner) int { return cmp.Compare(a.Domain, b.Domain) })
	return all
}
