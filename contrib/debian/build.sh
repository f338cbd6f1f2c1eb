#!/bin/bash
# Builds the Debian package and the bill of materials: build.sh OUTDIR, from the
# root of the tree, with VERSION, COMMIT and SOURCE_DATE_EPOCH in the environment.
# The same tree, Go and environment give the same bytes, wherever and whenever.
set -euo pipefail
umask 022
export LC_ALL=C TZ=UTC GOFLAGS="${GOFLAGS:-} -buildvcs=false" CGO_ENABLED=0 SOURCE_DATE_EPOCH

out=$(mkdir -p "$1" && cd "$1" && pwd)
root=$out/tree
rm -rf "$root"
: "${GO:=go}" "${NFPM:?}" "${CYCLONEDX:?}" "${LDFLAGS:?}"

# What runs here is made for this machine, whatever the package is made for.
here() { env -u GOOS -u GOARCH "$@"; }

put() { # MODE FILE DESTINATION
	install -D -m "$1" "$2" "$root/$3"
}

zipped() { # FILE DESTINATION
	mkdir -p "$(dirname "$root/$2")"
	gzip -9n <"$1" >"$root/$2"
}

$GO build -trimpath -ldflags "$LDFLAGS" -o "$root/usr/bin/postern" ./cmd/postern
here $CYCLONEDX bin -json -std -noserial -notimestamp -licenses -assert-licenses -version "$VERSION" \
	-output "$out/sbom.cdx.json" "$root/usr/bin/postern" 2>/dev/null

put 644 contrib/systemd/postern.service usr/lib/systemd/system/postern.service
put 644 contrib/systemd/postern.socket usr/lib/systemd/system/postern.socket
put 644 contrib/systemd/postern.sysusers.conf usr/lib/sysusers.d/postern.conf
put 644 contrib/systemd/postern.tmpfiles.conf usr/lib/tmpfiles.d/postern.conf
put 640 contrib/debian/postern.toml etc/postern/postern.toml
put 640 contrib/debian/policy.toml etc/postern/policy.toml
put 644 contrib/debian/logrotate etc/logrotate.d/postern

zipped docs/man/postern.8 usr/share/man/man8/postern.8.gz
zipped docs/man/postern.toml.5 usr/share/man/man5/postern.toml.5.gz
zipped docs/man/postern-policy.5 usr/share/man/man5/postern-policy.5.gz

# What the shells complete is told by the binary, if need be by one for this machine.
postern=$root/usr/bin/postern
if [ "$($GO env GOOS GOARCH)" != "$($GO env GOHOSTOS GOHOSTARCH)" ]; then
	postern=$out/postern-here
	here $GO build -trimpath -o "$postern" ./cmd/postern
fi
for shell in bash:bash-completion/completions/postern zsh:zsh/vendor-completions/_postern fish:fish/vendor_completions.d/postern.fish; do
	mkdir -p "$(dirname "$root/usr/share/${shell#*:}")"
	"$postern" completion "${shell%%:*}" >"$root/usr/share/${shell#*:}"
done

put 644 contrib/debian/copyright usr/share/doc/postern/copyright
contrib/debian/licences.sh "$root/usr/bin/postern" >"$out/licences.txt"
zipped "$out/licences.txt" usr/share/doc/postern/licences.gz
rm "$out/licences.txt"
put 644 "$out/sbom.cdx.json" usr/share/doc/postern/sbom.cdx.json
put 644 README.md usr/share/doc/postern/README.md
put 644 CHANGELOG.md usr/share/doc/postern/CHANGELOG.md
put 644 .github/SECURITY.md usr/share/doc/postern/.github/SECURITY.md
find docs contrib -type f \( -path 'docs/*.md' -o -path 'docs/*.svg' -o -path 'contrib/*' \) \
	! -path 'docs/man/*' ! -name '*.go' ! -name '*_test.*' ! -path 'contrib/bench/*' ! -path 'contrib/debian/*' ! -path '*/testdata/*' -print0 |
	sort -z | while IFS= read -r -d '' file; do put 644 "$file" "usr/share/doc/postern/$file"; done
# The manuals are where man looks for them, not beside the pages that lead to them.
find "$root/usr/share/doc/postern" -name '*.md' -exec sed -i -E 's,\[([^]]*)\]\([^)]*\bman/[^)]*\),\1,g' {} +

put 644 contrib/debian/lintian-overrides usr/share/lintian/overrides/postern

DEB_VERSION=$(sed "s/-/+/;s/-/./g" <<<"$VERSION")
zipped /dev/stdin usr/share/doc/postern/changelog.gz <<END
postern ($DEB_VERSION) unstable; urgency=medium

  * What is new, and what asks something of you: CHANGELOG.md in this folder.

 -- The postern authors <postern@users.noreply.github.com>  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
END

ARCH=$($GO env GOARCH) ROOT=$root DEB_VERSION=$DEB_VERSION \
	here $NFPM package --config contrib/debian/nfpm.yaml --packager deb --target "$out/" >&2
rm -rf "$root" "$out/postern-here"
