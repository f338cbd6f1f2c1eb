package pdf

import "math"

// matrix is a transformation, section 8.3.4.
type matrix struct{ a, b, c, d, e, f float64 }

var unit = matrix{a: 1, d: 1}

// times is what m does, and then n.
func (m matrix) times(n matrix) matrix {
	return matrix{
		m.a*n.a + m.b*n.c, m.a*n.b + m.b*n.d,
		m.c*n.a + m.d*n.c, m.c*n.b + m.d*n.d,
		m.e*n.a + m.f*n.c + n.e, m.e*n.b + m.f*n.d + n.f,
	}
}

// length is that of a vector.
func length(x, y float64) float64 {
	switch {
	case y == 0:
		return math.Abs(x)
	case x == 0:
		return math.Abs(y)
	}
	return math.Sqrt(x*x + y*y)
}

func (m matrix) apply(x, y float64) (float64, float64) {
	return x*m.a + y*m.c + m.e, x*m.b + y*m.d + m.f
}

func (d *document) matrix(v any) matrix {
	a := d.array(v)
	if len(a) != 6 {
		return unit
	}
	var n [6]float64
	for i := range n {
		n[i] = d.float(a[i], 0)
	}
	return matrix{n[0], n[1], n[2], n[3], n[4], n[5]}
}

// rectangle returns the corners, the lower left one first.
func (d *document) rectangle(v any) (r [4]float64, ok bool) {
	a := d.array(v)
	if len(a) != 4 {
		return r, false
	}
	for i := range r {
		r[i] = d.float(a[i], 0)
	}
	return [4]float64{min(r[0], r[2]), min(r[1], r[3]), max(r[0], r[2]), max(r[1], r[3])}, true
}
