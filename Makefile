# Every target does its own set-up and says what it installs. `make help` lists them.

.DEFAULT_GOAL := help
.SUFFIXES:
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
export PATH := $(CURDIR)/target/tools/bin:$(PATH)

# `make build PROFILE=dev` builds faster and runs slower.
PROFILE ?= release
ALLOW_LIST ?= config/allow-list.yaml
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := allow_list_yaml request_json arguments frames cursor import ami_page

.PHONY: help build package images pins release reproducible demo test lint docs bench fuzz mutants clean

help: ## list the targets
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 14

build: ## build the programs into target/dist/bin
	@scripts/setup.sh build
	@scripts/dist.sh $(PROFILE)

package: ## build the Lambda function's deployment package with ALLOW_LIST inside
	@scripts/setup.sh build
	@scripts/package.sh $(ALLOW_LIST)

images: ## build the container images here, without a registry, and print their sizes
	@scripts/setup.sh images
	@scripts/dist.sh $(PROFILE)
	@scripts/images.sh
	@scripts/sbom.sh

pins: ## write today's digests of the public bases into the Containerfiles
	@scripts/setup.sh images
	@scripts/pins.sh update

release: ## build everything that a release has, with checksums, into target/releases
	@scripts/setup.sh build
	@scripts/package.sh $(ALLOW_LIST)
	@scripts/release.sh

reproducible: ## build the last commit twice, from nothing, and compare the bytes (takes long)
	@scripts/setup.sh build
	@scripts/reproducible.sh

demo: ## watch the whole product work on a small Terraform repository
	@scripts/setup.sh demo
	@scripts/dist.sh $(PROFILE)
	@demo/run.sh

test: ## run every test, whole-product tests included
	@scripts/setup.sh test
	@scripts/dist.sh $(PROFILE)
	@scripts/test.sh

lint: ## formatting, lints, licences, CI examples, Terraform, shell scripts
	@scripts/setup.sh lint
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets --quiet -- -D warnings
	cargo fetch --locked --quiet
	cargo deny --log-level error check licenses bans sources
	@scripts/lint-ci-examples.sh
	@scripts/lint-terraform.sh
	@if command -v shellcheck >/dev/null 2>&1; then \
		echo shellcheck; shellcheck .ci/run scripts/*.sh runner-images/base/*.sh demo/*.sh benches/*.sh runner-images/scripts/tests/deploy/*.sh terraform/examples/*/*.sh; \
	else echo 'shellcheck is not installed: shell scripts were not checked'; fi

docs: ## write the generated documents again (tests compare them)
	@scripts/setup.sh build
	UPDATE_DOCS=1 cargo test --locked --quiet --package infrastructure-deployer --lib docs_gen
	UPDATE_DOCS=1 cargo test --locked --quiet --package deploy-scripts --test build reference

bench: ## measure, and print ratios to what the machine can do at best
	@scripts/setup.sh bench
	@scripts/dist.sh release
	@benches/run.sh

fuzz: ## fuzz each target for FUZZ_SECONDS (needs a nightly toolchain and cargo-fuzz)
	@for target in $(FUZZ_TARGETS); do \
		(cd fuzz && cargo +nightly fuzz run "$$target" -- -max_total_time=$(FUZZ_SECONDS) -max_len=4096); \
	done

mutants: ## mutation testing of the gate (needs cargo-mutants; takes long)
	GATE_MODEL_CASES=2000 GATE_CLAP_CASES=300 cargo mutants --package gatekeeper --timeout 60

clean: ## remove everything that was built
	cargo clean
