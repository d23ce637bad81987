"""`pytest -p tests.helpers.once --once`: a test that has passed with `--once` is not run again.

.ci/run installs the extras after the other tests; then those run that were skipped before.
"""

PASSED = "numpygan/passed"


def pytest_addoption(parser):
    parser.addoption("--once", action="store_true", help="leave out the tests that have passed")


def pytest_configure(config):
    if config.getoption("--once"):
        config.pluginmanager.register(Once(config))


class Once:
    def __init__(self, config):
        self._cache, self._is_worker = config.cache, hasattr(config, "workerinput")
        self._passed = set(self._cache.get(PASSED, []))

    def pytest_collection_modifyitems(self, config, items):
        passed = [item for item in items if item.nodeid in self._passed]
        config.hook.pytest_deselected(items=passed)
        items[:] = [item for item in items if item.nodeid not in self._passed]

    def pytest_runtest_logreport(self, report):
        if report.when == "call" and report.passed:
            self._passed.add(report.nodeid)

    def pytest_sessionfinish(self):
        if not self._is_worker:
            self._cache.set(PASSED, sorted(self._passed))
