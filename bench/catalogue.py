"""All benchmarks, in the order in which they run. Their names are a contract: design and docs use them."""

from __future__ import annotations

from bench.harness import Benchmark

_OF_SCHEDULES = ("lateness_p50", "lateness_p99", "lateness_max", "first_tick", "idle_tick", "edit", "memory")
_OF_SUMMARIES = ("take_in.1m", "chart.1m", "turn")

BENCHMARKS = (
    Benchmark(("submission.requests", "submission.requests.upload"), "bench.submission:requests"),
    Benchmark(("submission.rate", "submission.rate.site"), "bench.submission:rate"),
    Benchmark(("sweep.seconds.1000",), "bench.sweep:thousand"),
    Benchmark(("sweep.seconds.3000",), "bench.sweep:three_thousand"),
    Benchmark(("follow.lag", "follow.lag.max"), "bench.lag:lag"),
    Benchmark(("isolation.site", "isolation.git"), "bench.isolation:site"),
    Benchmark(("isolation.project",), "bench.isolation:project"),
    Benchmark(("isolation.clients", "isolation.clients.healthz", "isolation.clients.memory"), "bench.clients:clients"),
    Benchmark(("isolation.mlflow", "isolation.mlflow.healthz"), "bench.frozen_mlflow:pages"),
    Benchmark(("page.live", "page.live.p95", "page.live.list", "page.live.list.p95", "page.frame"), "bench.live:live"),
    Benchmark(
        ("page.runs.1m", "page.run.1m", "page.search.1m", "page.overview.1m", "page.run_form", "page.load.50"),
        "bench.pages:million",
    ),
    Benchmark(("page.experiment.100k",), "bench.experiment:hundred_thousand"),
    Benchmark(("page.metrics.400", "page.metrics.1m"), "bench.metrics_page:pages"),
    Benchmark(("recovery.worker",), "bench.recovery:worker"),
    Benchmark(("recovery.database",), "bench.recovery:database"),
    Benchmark(("log.tail_lag", "log.all_lag"), "bench.log:lags"),
    *(
        Benchmark(
            tuple(f"schedules.{what}.{size}{suffix}" for what in _OF_SCHEDULES), f"bench.schedules:{function}{place}"
        )
        for suffix, place in (("", ""), (".postgresql", "_on_postgresql"))
        for size, function in (("1k", "thousand"), ("10k", "ten_thousand"), ("100k", "hundred_thousand"))
    ),
    Benchmark(("schedules.two_beats_p99.100k.postgresql",), "bench.two_beats:two_on_postgresql"),
    Benchmark(("models.zip.memory", "models.zip.rate"), "bench.models:download"),
    Benchmark(("gateway.rate.32", "gateway.failures.32"), "bench.gateway:rate"),
    Benchmark(("gateway.artifact.memory",), "bench.gateway:artifact"),
    Benchmark(
        ("relay.log_metric_ms", "relay.log_metric_ms.p99", "relay.log_metric_ms.far", "relay.added_ms"),
        "bench.relay:log_metric",
    ),
    Benchmark(("relay.memory", "relay.cpu"), "bench.relay:weight"),
    Benchmark(
        (*(f"summaries.{what}" for what in _OF_SUMMARIES), *(f"summaries.{what}.postgresql" for what in _OF_SUMMARIES)),
        "bench.summaries:million",
    ),
    Benchmark(("tracking.points.32", "tracking.failures.32"), "bench.tracking:points"),
    Benchmark(("tracking.carried_lag",), "bench.tracking:carried"),
    Benchmark(("demo.seconds", "demo.memory"), "bench.demo:demo"),
)
