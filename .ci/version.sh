#!/bin/sh
# The version of this tree: that of its tag, with what came after it.
set -eu
if tagged=$(git describe --tags --match 'v[0-9]*' --abbrev=12 --dirty 2>/dev/null); then
	echo "${tagged#v}"
elif counted=$(git rev-list --count HEAD 2>/dev/null); then
	dirty=
	if ! git diff-index --quiet HEAD --; then dirty=-dirty; fi
	echo "0.0.0-$counted-g$(git rev-parse --short=12 HEAD)$dirty"
else
	echo unknown
fi
