# Two doors into the house; both install what is missing first (scripts/setup). The rest is cargo.

.PHONY: test demo check torture

test: ## all tests
	scripts/setup
	scripts/test

demo: ## two throwaway servers, live traffic, a whole migration, a report; DEMO= takes arguments
	scripts/setup --without-servers
	cargo build --profile demo --package transhume-cli
	"$${CARGO_TARGET_DIR:-target}/demo/transhume" demo $(DEMO)

check: ## all that the CI checks, tests included
	.ci/run

torture: ## five minutes of whole migrations under traffic while everything around them dies
	scripts/setup
	cargo xtask torture --minutes 5
