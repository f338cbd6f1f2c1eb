#!/bin/sh
# fuzz.sh PACKAGE TARGET TIME: runs one fuzz target for a time, with $GO.
#
# On a busy machine go test may end a run without any finding by "context deadline
# exceeded": the end of the time reached a worker in the midst of an input. That is
# no failure of the target. A finding is told of as one, with a new file below
# testdata/fuzz; after that, or any other failure, the status is not 0.
set -u
package=$1 target=$2 time=$3
go=${GO:-go}
corpus=$($go list -f '{{.Dir}}' "$package")/testdata/fuzz/$target
output=$(mktemp) before=$(mktemp) after=$(mktemp)
trap 'rm -f "$output" "$before" "$after"' EXIT

inputs() { ls "$corpus" 2>/dev/null || :; }

inputs >"$before"
$go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package" >"$output" 2>&1
status=$?
cat "$output"
inputs >"$after"
if [ $status -ne 0 ] && cmp -s "$before" "$after" &&
	grep -q '^ *context deadline exceeded$' "$output" &&
	! grep -q -e 'Failing input written' -e 'panic:' -e '_test\.go:' "$output"; then
	echo "$package $target: ended by the deadline of go test itself, without a finding"
	exit 0
fi
exit $status
