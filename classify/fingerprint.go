package classify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"

	"github.com/postern-mail/postern/classify/detect"
)

// Key is a secret under which values get fingerprints.
type Key struct {
	ID     string // stands before each fingerprint, so that two keys' are not compared
	Secret []byte
}

// MaxKeys is how many keys make fingerprints at once: the one in force, and the
// one before it while they overlap.
const MaxKeys = 2

// MaxFingerprints is how many fingerprints of different values a Report holds.
const MaxFingerprints = 50000

// Fingerprint stands for a value of a detector or table, under the newest key and under
// the one before it, if there is one.
type Fingerprint struct {
	Detector    string `json:"detector"`
	Fingerprint string `json:"fingerprint"`
	Older       string `json:"older,omitempty"`
}

// stamp makes fingerprints under the keys in force. It belongs to one Scan.
type stamp struct {
	macs []hash.Hash
	sum  []byte
}

func newStamp(keys []Key) stamp {
	var s stamp
	for _, k := range keys {
		s.macs = append(s.macs, hmac.New(sha256.New, k.Secret))
	}
	return s
}

// sign lists the fingerprint of a value that is found for the first time. counted
// says that the value is among those that are told apart.
func (s *Scan) sign(id string, m *detect.Match, counted bool) {
	d := s.scanner.set.Detectors[m.Detector]
	if !d.Fingerprint || len(s.stamp.macs) == 0 {
		return
	}
	if !counted || len(s.report.Fingerprints) == MaxFingerprints {
		s.report.FingerprintsTruncated = true
		return
	}
	newest, older := s.fingerprints(d, m.Value)
	s.report.Fingerprints = append(s.report.Fingerprints, Fingerprint{id, newest, older})
}

// fingerprints are an HMAC-SHA-256 (RFC 2104) over detector and value under each
// key, cut to 80 bits: enough to tell two numbers apart, and worthless without
// the key. They are empty without a key, or for a detector that allows none.
func (s *Scan) fingerprints(d *detect.Detector, value string) (newest, older string) {
	if !d.Fingerprint {
		return "", ""
	}
	var all [MaxKeys]string
	for i, mac := range s.stamp.macs {
		mac.Reset()
		mac.Write([]byte(d.ID + "\x00" + value))
		s.stamp.sum = mac.Sum(s.stamp.sum[:0])
		all[i] = s.scanner.keys[i].ID + ":" + hex.EncodeToString(s.stamp.sum[:10])
	}
	return all[0], all[1]
}
