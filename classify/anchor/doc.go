// Package anchor finds the places of a text that are worth a look.
package anchor
