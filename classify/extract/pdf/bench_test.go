package pdf

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkRead reads a document of a mebibyte: deflated text in kerned strings,
// forty lines a page.
func BenchmarkRead(b *testing.B) {
	d := newBuilder()
	d.object(1, "<</Type/Catalog/Pages 2 0 R>>")
	d.object(5, helvetica1)
	var kids strings.Builder
	for num := 10; d.Len() < 1<<20; num += 2 {
		var page strings.Builder
		page.WriteString("BT /F1 10 Tf 14 TL 72 760 Td\n")
		for line := range 40 {
			page.WriteString("[")
			for word := range 12 {
				n := num*40*12 + line*12 + word
				fmt.Fprintf(&page, "(w%x)%d(%d)-250", n*2654435761%999983, 10+n%30, n*40503%1000)
			}
			page.WriteString("] TJ T*\n")
		}
		page.WriteString("ET")
		d.object(num, fmt.Sprintf("<</Type/Page/Parent 2 0 R/Contents %d 0 R/Resources<</Font<</F1 5 0 R>>>>>>", num+1))
		d.stream(num+1, "/Filter/FlateDecode", deflated(page.String()))
		fmt.Fprintf(&kids, "%d 0 R ", num)
	}
	d.object(2, "<</Type/Pages/Kids["+kids.String()+"]>>")
	file := d.finish("")
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if _, err := readBytes(b, file); err != nil {
			b.Fatal(err)
		}
	}
}
