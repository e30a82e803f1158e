# Everything runs in .venv, which make sets up itself (.ci/venv): python3 and a network are all it needs.
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help render check test test-realtime test-thorough attack drill pythons lint golden bench tools clean environment
export PYTHON
# Compiling alertc's modules anew takes each command longer than all the rest that it does before it reads a policy.
unexport PYTHONDONTWRITEBYTECODE

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

render: tools ## Compile the policy into out/, checked by promtool and amtool
	.venv/bin/alertc render

check: tools ## Fail where out/ is not what the policy says, showing the difference
	.venv/bin/alertc check

test: tools ## Run the tests, with the real programs: five minutes on two cores
	.venv/bin/python -m pytest -n 3 --dist worksteal -m "not realtime and not thorough"

test-realtime: tools ## Run the tests that wait for real servers to do what takes real time
	.venv/bin/python -m pytest -m realtime tests/drill/test_bound.py
	.venv/bin/python -m pytest -n 3 --dist worksteal -m realtime --ignore tests/drill/test_bound.py

test-thorough: tools ## Run what takes long, and what is drawn by chance with a fresh seed; SEED=4711 repeats, CASES=few is shorter
	ALERTC_TEST_SEED=$(or $(SEED),fresh) ALERTC_TEST_CASES=$(CASES) .venv/bin/python -m pytest -n 3 --dist worksteal -m "(thorough or drawn or hypothesis) and not realtime"

attack: tools ## Attack alertc at random for a minute: policies, repositories, servers; MINUTES=60 for longer
	.venv/bin/python tests/attack.py --jobs 2 --minutes $(or $(MINUTES),1)

drill: tools ## Let a P0 fire on a real Prometheus and Alertmanager: who is told, when, beside what was predicted
	@.venv/bin/alertc drill BalanceConservationViolated

pythons: tools ## Run the tests that tell Pythons apart with every Python from 3.10 to 3.13 that is at hand
	.ci/pythons

lint: environment ## Check style, types and who imports whom
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy --strict
	.venv/bin/lint-imports --no-logo

golden: tools ## Accept what the compiler now says: rewrite the golden cases and the generated docs; read the diff
	.venv/bin/python -m pytest -q --update-golden tests/pipeline/test_golden.py tests/docs/test_generated.py tests/checks/test_verify_*.py tests/targets tests/upstream/test_versions.py \
		tests/repository/test_bench.py::test_the_page_says_what_was_measured

bench: tools ## Time alertc beside promtool and its peers into docs/performance.md; SERVICES="10 1000" for these sizes alone
	.venv/bin/python -m bench $(SERVICES)

tools: environment ## Say which promtool and amtool are used; fetch what is missing
	@.venv/bin/alertc tools --fetch

clean: ## Remove what can be made again (not out/)
	rm -rf .venv .venv.tmp .venv.tmp.old .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist
	find generator tests -name __pycache__ -type d -prune -exec rm -rf {} +

environment:
	@.ci/venv
