#!/bin/bash
# The licences of all that is in a binary of Go: licences.sh BINARY, from the root
# of the tree. Each wants to be passed on with it.
set -euo pipefail
: "${GO:=go}"

told() { # NAME FOLDER
	local file found=
	for file in "$2"/LICENSE* "$2"/LICENCE* "$2"/License* "$2"/COPYING* "$2"/NOTICE* "$2"/PATENTS*; do
		if [ -f "$file" ]; then
			found=yes
			printf '%s\n%s, %s\n%s\n\n' "$rule" "$1" "$(basename "$file")" "$rule"
			cat "$file"
			echo
		fi
	done
	if [ -z "$found" ]; then
		echo "licences.sh: $1 has no licence in $2" >&2
		exit 1
	fi
}

rule=$(printf '=%.0s' {1..72})
told "Go, $($GO version "$1" | sed 's/.*: //')" "$($GO env GOROOT)"
$GO version -m "$1" | awk '$1 == "dep" { print $2 "@" $3 }' | while read -r module; do
	told "$module" "$($GO list -m -f '{{.Dir}}' "${module%@*}")"
done
