package pdf

import (
	"io"
	"slices"
	"sync"
)

// operand is a number, string, name, array or dictionary before an operator.
type operand struct {
	bytes    []byte // of a string or a name
	number   float64
	from, to int32 // of an array, in content.elements
	kind     operandKind
}

type operandKind uint8

const (
	numberOperand operandKind = iota
	stringOperand
	nameOperand
	arrayOperand
	otherOperand
)

// operator is the bytes of an operator, at most four of them.
type operator uint32

func op(s string) operator {
	var o operator
	for i := range len(s) {
		o = o<<8 | operator(s[i])
	}
	return o
}

// content reads the operators of a content stream, section 7.8.2, while its
// filters are undone: one operator with its operands is in memory, or a little
// more.
type content struct {
	parser
	r        io.Reader
	buf      []byte
	eof      bool
	operands []operand
	elements []operand
	scratch  []byte
	inArray  int // where it began, or -1
	lost     bool

	properties dict // the dictionary among the operands
}

const (
	contentBuffer = 32 << 10
	maxOperation  = 4 << 20 // operators whose operands are longer are passed over
	maxOperands   = 128
)

var contents = sync.Pool{New: func() any { return &content{buf: make([]byte, 0, contentBuffer)} }}

func newContent(r io.Reader) *content {
	c := contents.Get().(*content)
	c.parser, c.r, c.eof, c.lost = parser{b: c.buf[:0]}, r, false, false
	return c
}

func (c *content) free() {
	if cap(c.b) <= 8*contentBuffer && cap(c.scratch) <= 8*contentBuffer {
		c.buf = c.b[:0]
		c.r, c.b = nil, nil
		contents.Put(c)
	}
}

// fill reads more, and keeps what stands from start on.
func (c *content) fill(start int) bool {
	if c.eof {
		return false
	}
	kept := copy(c.b, c.b[start:])
	c.b = c.b[:kept]
	if kept == cap(c.b) {
		if kept >= maxOperation {
			c.b, c.lost = c.b[:0], true
		} else {
			c.b = append(make([]byte, 0, 2*cap(c.b)), c.b...)
		}
	}
	c.i = 0
	for len(c.b) < cap(c.b) {
		n, err := c.r.Read(c.b[len(c.b):cap(c.b)])
		c.b = c.b[:len(c.b)+n]
		if err != nil {
			c.eof = true
			break
		}
	}
	return true
}

// next reads up to the next operator. At the end it is 0.
func (c *content) next() operator {
	start := c.i
	c.reset()
	for {
		c.skip()
		if len(c.operands) == 0 && c.inArray < 0 {
			start = c.i
		}
		if c.i < len(c.b) {
			o := c.token()
			if c.i < len(c.b) || c.eof {
				if o != 0 {
					return o
				}
				continue
			}
		} else if c.eof {
			return 0
		}
		if !c.fill(start) {
			return 0
		}
		start = 0
		c.reset()
	}
}

func (c *content) reset() {
	c.operands, c.elements, c.scratch, c.inArray = c.operands[:0], c.elements[:0], c.scratch[:0], -1
	c.properties = nil
}

func (c *content) push(o operand) {
	switch {
	case c.inArray >= 0:
		c.elements = append(c.elements, o)
	case len(c.operands) < maxOperands:
		c.operands = append(c.operands, o)
	}
}

// token reads an operand, or an operator and returns it.
func (c *content) token() operator {
	switch b := c.b[c.i]; b {
	case '+', '-', '.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		v, _ := c.numeral()
		c.push(operand{number: v})
	case '(':
		var s []byte
		s, c.scratch = c.literal(c.scratch)
		c.push(operand{kind: stringOperand, bytes: s})
	case '<':
		if c.i+1 < len(c.b) && c.b[c.i+1] == '<' {
			c.properties, _ = c.object(0).(dict)
			c.push(operand{kind: otherOperand})
			return 0
		}
		n := len(c.scratch)
		c.scratch = c.hex(c.scratch)
		c.push(operand{kind: stringOperand, bytes: c.scratch[n:]})
	case '/':
		c.i++
		from := c.i
		for c.i < len(c.b) && class[c.b[c.i]] == regular {
			c.i++
		}
		c.push(operand{kind: nameOperand, bytes: c.b[from:c.i]})
	case '[':
		c.i++
		c.inArray = len(c.elements)
	case ']':
		c.i++
		if from := c.inArray; from >= 0 {
			c.inArray = -1
			c.push(operand{kind: arrayOperand, from: int32(from), to: int32(len(c.elements))})
		}
	case ')', '>', '{', '}':
		c.i++
	default:
		return c.operator()
	}
	return 0
}

func (c *content) operator() operator {
	var o operator
	from := c.i
	for c.i < len(c.b) && class[c.b[c.i]] == regular {
		o = o<<8 | operator(c.b[c.i])
		c.i++
	}
	if n := c.i - from; n > 4 || n == 4 && (o == op("true") || o == op("null")) {
		if n <= 5 {
			c.push(operand{kind: otherOperand})
			return 0
		}
		return unknownOperator
	}
	if c.inArray >= 0 { // never closed
		c.operands = append(c.operands, operand{kind: arrayOperand, from: int32(c.inArray), to: int32(len(c.elements))})
		c.inArray = -1
	}
	return o
}

const unknownOperator operator = 1

// skipImage passes the data of an inline image: up to the letters EI between
// white space, with text behind them.
func (c *content) skipImage() {
	const ahead = 24
	for i := c.i; ; i++ {
		if i+ahead >= len(c.b) && !c.eof {
			c.fill(max(i-1, 0))
			i = min(i, 1)
		}
		if i+2 > len(c.b) {
			c.i = len(c.b)
			return
		}
		if c.b[i] == 'E' && c.b[i+1] == 'I' && (i == 0 || class[c.b[i-1]] == space) && looksLikeOperators(c.b[i+2:min(len(c.b), i+2+ahead-4)]) {
			c.i = i + 2
			return
		}
	}
}

func looksLikeOperators(b []byte) bool {
	for i, v := range b {
		if i == 0 && class[v] != space || v >= 127 || v < ' ' && class[v] != space || v == 0 {
			return false
		}
	}
	return true
}

// number returns the operand at i, counted from the last one back.
func (c *content) number(fromLast int) float64 {
	i := len(c.operands) - 1 - fromLast
	if i < 0 || c.operands[i].kind != numberOperand {
		return 0
	}
	return c.operands[i].number
}

// last is the last operand, if it is of a kind.
func (c *content) last(kind operandKind) (operand, bool) {
	if n := len(c.operands); n > 0 && c.operands[n-1].kind == kind {
		return c.operands[n-1], true
	}
	return operand{}, false
}

func (o operand) name() name {
	if slices.Contains(o.bytes, '#') {
		return name(unescapeName(o.bytes))
	}
	return name(o.bytes)
}
