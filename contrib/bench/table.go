package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// table is cells by row and column, each in the order of its first use.
type table struct {
	title         string
	rows, columns []string
	cells         map[[2]string]string
}

func newTable(title string) *table {
	return &table{title: title, cells: make(map[[2]string]string)}
}

func (t *table) set(row, column, cell string) {
	if !slices.Contains(t.rows, row) {
		t.rows = append(t.rows, row)
	}
	if !slices.Contains(t.columns, column) {
		t.columns = append(t.columns, column)
	}
	t.cells[[2]string{row, column}] = cell
}

func (t *table) print(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprint(w, t.title)
	for _, column := range t.columns {
		fmt.Fprint(w, "\t", column)
	}
	fmt.Fprintln(w)
	for _, row := range t.rows {
		fmt.Fprint(w, row)
		for _, column := range t.columns {
			fmt.Fprint(w, "\t", t.cells[[2]string{row, column}])
		}
		fmt.Fprintln(w)
	}
	w.Flush()
}

// speed is in GB/s, a thousand million bytes a second.
func speed(bytes int, taken time.Duration) float64 {
	return float64(bytes) / float64(taken.Nanoseconds())
}
