# Everything that is done with this tree, by name. `make` alone lists the names.

GO        = go
GOLANGCI  = $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUZZTIME  = 30s
SOAKTIME  = 20m

# 0.1.0 at its tag, 0.1.0-7-g1a2b3c4d5e6f behind it, 0.0.0-… before there is one.
VERSION   = $(shell .ci/version.sh)
COMMIT    = $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
LDFLAGS   = -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)
# All times in what is built are that of the commit.
EPOCH     = $(shell git log -1 --format=%ct 2>/dev/null || echo 0)

# Tools that packages are made with, and nothing else of them.
NFPM      = $(GO) run github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.44.1
CYCLONEDX = $(GO) run github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0

# Debian packages that the tests run, beside Go, make and git: a C compiler for
# the race detector, the MTA, two clients that are not ours, a resolver that
# validates, the tools that check the manuals, the units and the alerts, what reads
# pictures, two that the benchmark runs beside, two that stand between an MTA and
# posterns elsewhere, and what turns the audit log. `make test PACKAGES=` asks for none.
PACKAGES  = gcc libc6-dev perl postfix miltertest swaks unbound mandoc systemd prometheus tesseract-ocr ripgrep haproxy stunnel4 logrotate $(HYPERSCAN)

# Debian has it for amd64 alone; the benchmarks do without where it is missing.
HYPERSCAN = $(if $(filter x86_64,$(shell uname -m)),libhyperscan-dev)

.PHONY: help build deb sbom demo test check lint fmt fuzz soak bench deps clean

help: ## list what make can do
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 10

build: ## the static binary, bin/postern
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/postern ./cmd/postern

deb: ## the Debian package, with its bill of materials: dist/
	rm -rf dist
	GO='$(GO)' NFPM='$(NFPM)' CYCLONEDX='$(CYCLONEDX)' LDFLAGS='$(LDFLAGS)' \
		VERSION='$(VERSION)' COMMIT='$(COMMIT)' SOURCE_DATE_EPOCH='$(EPOCH)' contrib/debian/build.sh dist
	@ls -1 dist

sbom: build ## what is in the binary (CycloneDX): bin/sbom.cdx.json
	$(CYCLONEDX) bin -json -std -noserial -notimestamp -licenses -assert-licenses -version '$(VERSION)' -output bin/sbom.cdx.json bin/postern

demo: build ## a private Postfix and postern, seven mails and where they land
	.ci/deps.sh postfix
	$(GO) run ./contrib/demo

test: deps ## all tests: unit, race, portable code, scripted MTA, real Postfix
	$(GO) vet -tags e2e ./...
	$(GO) test -race ./...
	$(GO) test -tags purego ./classify/...
	$(GO) test -tags e2e ./milter/e2e/... ./contrib/debian

check: ## what to run before a commit: format, staticcheck, unit tests
	$(GOLANGCI) fmt --diff
	$(GOLANGCI) run --enable-only=govet,staticcheck
	$(GO) test -race ./...

lint: ## the linters and the formatters of .golangci.yml
	$(GOLANGCI) run

fmt: ## put the code into the form that lint wants
	$(GOLANGCI) fmt

fuzz: ## every fuzz target for FUZZTIME
	$(GO) vet ./...
	@for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			GO='$(GO)' .ci/fuzz.sh $$package $$target $(FUZZTIME) || exit 1; \
		done; \
	done

soak: build ## the daemon under everything at once, for SOAKTIME; MAILS=DIR adds mails
	$(GO) run ./contrib/soak -duration $(SOAKTIME) $(if $(MAILS),-mails $(MAILS))

bench: ## speed beside other tools; PEERS=1 installs them, QUICK=1 is short
	$(if $(PEERS),@.ci/deps.sh gcc libc6-dev ripgrep clamav $(HYPERSCAN))
	$(GO) run ./contrib/bench $(if $(QUICK),-quick)

deps: ## the Debian packages that the tests need (root)
	@.ci/deps.sh $(PACKAGES)
	$(if $(PACKAGES),@.ci/sendmail.sh)

clean: ## remove what build made
	rm -rf bin dist
