// Package extract reads mail: bytes in, parts and text out.
package extract
