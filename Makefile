# Two doors into the house; both install what is missing first (scripts/setup). The rest is cargo.

.PHONY: test test-browser test-api demo check torture release

test: ## all tests
	scripts/setup
	scripts/test

test-browser: ## the web console in Chromium: every page, light and dark, wide and narrow; pictures in target/browser/pictures
	scripts/setup
	scripts/test-browser

test-api: ## the console's API under an OpenAPI fuzzer: nothing but documented answers
	scripts/setup
	scripts/test-api

demo: ## two throwaway servers, live traffic, a whole migration, a report; DEMO= takes arguments
	scripts/setup --without-servers
	cargo build --profile demo --package transhume-cli
	"$${CARGO_TARGET_DIR:-target}/demo/transhume" demo $(DEMO)

check: ## all that the CI checks, tests included
	.ci/run

torture: ## five minutes of whole migrations under traffic while everything around them dies
	scripts/setup
	cargo xtask torture --minutes 5

release: ## archives, Debian package, SBOM, container image and checksums, in target/release-files
	scripts/release
