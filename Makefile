# Two commands do everything: `make run` compares the strategies, `make test` runs the tests.
# Both install what is missing and say so; `make help` lists the rest.

.PHONY: help run test check bench setup up loadtest down

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

up: ## The lab in containers: limited Postgres and one service per strategy, on loopback
	@scripts/containers-setup
	@scripts/containers-build --if-missing
	scripts/compose up -d

loadtest: ## A report from inside the containers, in ./runs
	scripts/compose run --rm -T loadtest

down: ## Stop and remove the containers
	scripts/compose --profile '*' down --volumes --remove-orphans --timeout 5
