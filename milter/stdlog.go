package milter

import (
	"log"
	"log/slog"
	"strings"
)

// bridge takes over package log, the only way in which the library speaks.
func bridge(to *slog.Logger) {
	log.SetFlags(0)
	log.SetPrefix("")
	log.SetOutput(libraryLog{to})
}

// libraryLog turns the library's lines into records. What they quote from the
// wire, and the value of a panic, is left out.
type libraryLog struct{ log *slog.Logger }

func (l libraryLog) Write(line []byte) (int, error) {
	text, rest, _ := strings.Cut(strings.TrimSpace(string(line)), "\n")
	switch {
	case strings.HasPrefix(text, "Error reading milter command: "):
		// The guard's errors name a command and numbers, the network's an address.
		l.log.Debug("milter session broke off", "error", after(text, ": "))
	case strings.HasPrefix(text, "Error writing packet: "):
		l.log.Debug("milter reply could not be sent", "error", after(text, ": "))
	case strings.HasPrefix(text, "Error performing milter command: "):
		l.log.Debug("milter command failed", "error", after(text, ": "))
	case strings.HasPrefix(text, "panic handling command: "):
		_, stack, _ := strings.Cut("\n"+rest, "\ngoroutine ")
		l.log.Error("milter library panicked, connection closed", "stack", "goroutine "+stack)
	case strings.HasPrefix(text, "Unrecognized command code"):
		l.log.Debug("milter command is unknown")
	default:
		l.log.Warn("library message", "text", text[:min(len(text), 300)])
	}
	return len(line), nil
}

func after(s, sep string) string {
	_, rest, _ := strings.Cut(s, sep)
	return rest
}
