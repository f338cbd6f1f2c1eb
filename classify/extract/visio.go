package extract

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// visioCells are the cells of a shape whose value a person may have written
// ([MS-VSDX] section 2.2.5): of data, links, comments and properties.
var visioCells = map[string]bool{"Value": true, "Label": true, "Prompt": true, "Comment": true, "Description": true, "Address": true, "SubAddress": true}

// isVisioPage reports whether a member of a drawing is a page, or a master of
// its shapes.
func isVisioPage(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "visio/") && strings.HasSuffix(name, ".xml")
}

// readVisioPage reads the shapes of a page: the text of each, whose runs are
// joined, is a line or several, and so is each value of its data.
func readVisioPage(_ *container, content io.Reader, out io.Writer) error {
	d := xml.NewDecoder(content)
	d.Strict = false
	inText, wrote := 0, false
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errMalformed
		}
		line := ""
		switch t := token.(type) {
		case xml.StartElement:
			switch {
			case inText > 0:
				inText++
			case t.Name.Local == "Text":
				inText, wrote = 1, false
			default:
				line = visioValue(t)
			}
		case xml.EndElement:
			if inText > 0 {
				if inText--; inText == 0 && wrote {
					line = "\n"
				}
			}
		case xml.CharData:
			if inText > 0 {
				line, wrote = string(t), true
			} else if text := strings.TrimSpace(string(t)); text != "" {
				line = text + "\n" // of comments and properties
			}
		}
		if _, err := io.WriteString(out, line); err != nil {
			return err
		}
	}
}

// visioValue is what the attributes of an element hold: the value of a cell, or
// the names of a shape or page.
func visioValue(t xml.StartElement) string {
	name, value, text := "", "", ""
	for _, a := range t.Attr {
		switch a.Name.Local {
		case "N":
			name = a.Value
		case "V":
			value = a.Value
		case "Name", "Title":
			text += a.Value + "\n"
		}
	}
	if t.Name.Local == "Cell" && visioCells[name] && value != "" {
		return value + "\n"
	}
	return text
}
