"""What luigid tells Prometheus of its tasks.

Belongs here: Luigi's own collector, mended. Not here: what Prometheus makes of it.
"""

from typing import Any

from luigi.contrib.prometheus_metric import PrometheusMetricsCollector


class Metrics(PrometheusMetricsCollector):
    """Luigi's collector, which also counts a task that luigid never saw running.

    A luigid that lost its state hears of the end of such tasks; Luigi's collector would reckon
    their time from None, and the worker that tells be answered with HTTP 500.
    """

    def handle_task_failed(self, task: Any) -> None:
        """Count a failure, with its time where it is known."""
        if task.time_running is not None:
            super().handle_task_failed(task)  # type: ignore[no-untyped-call]
        else:
            self._count(self.task_failed_counter, task)

    def handle_task_disabled(self, task: Any, config: Any) -> None:
        """Count a task that is disabled, with its time where it is known."""
        if task.time_running is not None:
            super().handle_task_disabled(task, config)  # type: ignore[no-untyped-call]
        else:
            self._count(self.task_disabled_counter, task)

    def _count(self, counter: Any, task: Any) -> None:
        counter.labels(**self._generate_task_labels(task)).inc()  # type: ignore[no-untyped-call]
