# Everything that is done with this tree, by name. `make` alone lists the names.

GO        = go
GOLANGCI  = $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUZZTIME  = 30s
SOAKTIME  = 20m

VERSION   = $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
COMMIT    = $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
LDFLAGS   = -X main.version=$(VERSION) -X main.commit=$(COMMIT)

# Debian packages that the tests run, beside Go, make and git: a C compiler for
# the race detector, the MTA, two clients that are not ours, the tools that check
# the manuals, the units and the alerts, what reads pictures, and two that the
# benchmark runs beside.
# `make test PACKAGES=` asks for none.
PACKAGES  = gcc libc6-dev postfix miltertest swaks mandoc systemd prometheus tesseract-ocr ripgrep $(HYPERSCAN)

# Debian has it for amd64 alone; the benchmarks do without where it is missing.
HYPERSCAN = $(if $(filter x86_64,$(shell uname -m)),libhyperscan-dev)

.PHONY: help build demo test check lint fmt fuzz soak bench deps clean

help: ## list what make can do
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 10

build: ## the static binary, bin/postern
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/postern ./cmd/postern

demo: build ## a private Postfix and postern, six mails and where they land
	.ci/deps.sh postfix
	$(GO) run ./contrib/demo

test: deps ## all tests: unit, race, portable code, scripted MTA, real Postfix
	$(GO) vet -tags e2e ./...
	$(GO) test -race ./...
	$(GO) test -tags purego ./classify/...
	$(GO) test -tags e2e ./milter/e2e/...

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
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package || exit 1; \
		done; \
	done

soak: build ## the daemon under everything at once, for SOAKTIME; MAILS=DIR adds mails
	$(GO) run ./contrib/soak -duration $(SOAKTIME) $(if $(MAILS),-mails $(MAILS))

bench: ## speed beside other tools; PEERS=1 installs them, QUICK=1 is short
	$(if $(PEERS),@.ci/deps.sh gcc libc6-dev ripgrep clamav $(HYPERSCAN))
	$(GO) run ./contrib/bench $(if $(QUICK),-quick)

deps: ## the Debian packages that the tests need (root)
	@.ci/deps.sh $(PACKAGES)

clean: ## remove what build made
	rm -rf bin
