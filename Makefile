# Two commands do everything: `make run` compares the strategies, `make test` runs the tests.
# Both install what is missing and say so; `make help` lists the rest.

.PHONY: help run test check bench setup

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 16

run: setup ## Compare all strategies on a limited Postgres (about two minutes)
	cargo run --release --locked -- run

test: ## Run all tests
	@scripts/setup $(if $(CI),ci,test)
	PATH="$(CURDIR)/target/k6/bin:$$PATH" cargo test --workspace --locked --no-fail-fast

check: ## Formatting, lints, documentation
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

bench: setup ## The project's own goals, as ratios
	cargo bench --workspace --locked

setup: ## Look for PostgreSQL; install it where that is possible
	@scripts/setup
